"""Exports of what people bought, watched, read and played, in the layouts that the apps write.

Each sample is recognised by itself, under another name, in a zip, in a folder with other files, and
cut short; and its items are the same each time.
"""

import json
import zipfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from guided_profile.graph.errors import HistoryItemError
from guided_profile.tools.readers.activity.netflix import series
from guided_profile.tools.readers.base import Kept, Reading, Refused, Skipped
from guided_profile.tools.readers.detect import opened

ITEM = tuple[str, str, str | None, str]
"""Text, source, day and kind."""


@dataclass(frozen=True)
class Sample:
    format: str
    files: dict[str, str]
    items: list[ITEM]
    left_out: dict[str, int]
    reading: Reading = field(default_factory=Reading)
    renamed: bool = True
    """Whether its files say what they are under any name."""


GOODREADS = (
    "Book Id,Title,Author,Author l-f,Additional Authors,ISBN,ISBN13,My Rating,Average Rating,"
    "Publisher,Binding,Number of Pages,Year Published,Original Publication Year,Date Read,"
    "Date Added,Bookshelves,Bookshelves with positions,Exclusive Shelf,My Review,Spoiler,"
    "Private Notes,Read Count,Owned Copies\n"
    '1,Tides of Salt,Ada Moor,"Moor, Ada",,="0140000000",="9780140000000",4,4.01,Pub,Paperback,300,'
    '2018,2018,2024/03/14,2024/02/01,"sea, slow",,read,"A slow start.<br/>Then, I could not stop.",'
    ",,1,0\n"
    '2,Ledgers,Bo Finn,"Finn, Bo",,="",="",1,3.10,Pub,Paperback,200,2015,2015,,2024/04/01,,,read,,,'
    ",2,0\n"
    '3,Kites,Cy Lund,"Lund, Cy",,="",="",0,3.90,Pub,Paperback,200,2015,2015,,2024/04/02,to-read,'
    "to-read (#1),to-read,,,,0,0\n"
    '4,Moss,Di Hale,"Hale, Di",,="",="",0,3.90,Pub,Paperback,200,2015,2015,,2024/04/03,'
    "currently-reading,,currently-reading,,,,1,0\n"
    '5,Fog,Ed Rowe,"Rowe, Ed",,="",="",0,3.90,Pub,Paperback,200,2015,2015,,2024/04/04,gave-up,,'
    "gave-up,,,,0,0\n"
)
LETTERBOXD = {
    "letterboxd-kim/diary.csv": "Date,Name,Year,Letterboxd URI,Rating,Rewatch,Tags,Watched Date\n"
    "2024-02-03,Harbour,2019,https://boxd.it/a,4.5,Yes,,2024-02-02\n"
    "2024-02-05,Pale Fire,2021,https://boxd.it/b,2,,,2024-02-04\n",
    "letterboxd-kim/reviews.csv": "Date,Name,Year,Letterboxd URI,Rating,Rewatch,Review,Tags,"
    'Watched Date\n2024-02-05,Pale Fire,2021,https://boxd.it/b,2,,"Too long, <i>far</i> too long",,'
    "2024-02-04\n",
    "letterboxd-kim/ratings.csv": "Date,Name,Year,Letterboxd URI,Rating\n"
    "2024-02-03,Harbour,2019,https://boxd.it/a,4.5\n2023-01-01,Old Snow,1990,https://boxd.it/c,3\n",
    "letterboxd-kim/watched.csv": "Date,Name,Year,Letterboxd URI\n"
    "2024-02-03,Harbour,2019,https://boxd.it/a\n2023-05-01,Blue Hour,2001,https://boxd.it/d\n",
    "letterboxd-kim/watchlist.csv": "Date,Name,Year,Letterboxd URI\n"
    "2024-03-01,Next Door,2024,https://boxd.it/e\n",
    "letterboxd-kim/likes/films.csv": "Date,Name,Year,Letterboxd URI\n"
    "2024-02-03,Harbour,2019,https://boxd.it/a\n",
    "letterboxd-kim/deleted/diary.csv": "Date,Name,Year,Letterboxd URI,Rating,Rewatch,Tags,"
    "Watched Date\n2020-01-01,Gone,2000,https://boxd.it/f,1,,,2020-01-01\n",
    "letterboxd-kim/profile.csv": "Date Joined,Username,Given Name\n2020-01-01,kim,Kim\n",
}
IMDB = (
    "Const,{rating},{rated},{title},Original Title,URL,Title Type,IMDb Rating,Runtime (mins),Year,"
    "Genres,Num Votes,Release Date,Directors\n"
    "tt0000101,9,2024-03-15,Harbour,Harbour,https://www.imdb.com/title/tt0000101/,{kind},8.7,136,"
    '2019,"Drama, Sea",20000,2019-03-31,A Director\n'
    "tt0000103,3,2024-03-16,Fog,Fog,https://www.imdb.com/title/tt0000103/,{kind},5.7,91,"
    "2020,Drama,200,2020-03-31,B Director\n"
)
IMDB_LIST = (
    "Position,Const,Created,Modified,Description,Title,Original Title,URL,Title Type,IMDb Rating,"
    "Runtime (mins),Year,Genres,Num Votes,Release Date,Directors,Your Rating,Date Rated\n"
    "1,tt0000102,2024-01-05,2024-01-05,,Next Door,Next Door,https://www.imdb.com/title/tt0000102,"
    "Movie,7.3,142,2024,Drama,100,2024-01-01,B Director,,\n"
)
NETFLIX = (
    "Profile Name,Start Time,Duration,Attributes,Title,Supplemental Video Type,Device Type,"
    "Bookmark,Latest Bookmark,Country\n"
    'Kim,2024-05-02 19:04:11,00:48:12,,"Lighthouse: Season 1: Fog",,Chrome PC,00:48:12,00:48:12,'
    "AT (Austria)\n"
    'Kim,2024-05-01 23:30:00,00:40:00,,"Lighthouse: Season 1: Rain",,Chrome PC,00:48:12,00:48:12,'
    "AT (Austria)\n"
    'Kim,2024-05-01 18:59:02,00:01:30,,"Harbour",TRAILER,Chrome PC,00:01:30,00:01:30,AT (Austria)\n'
    'Kim,2024-05-01 18:50:00,00:00:12,,"Moss",,Chrome PC,00:00:12,00:00:12,AT (Austria)\n'
    'Kids,2024-05-01 07:00:00,00:20:00,,"Little Boats: Season 3: Boat",,TV,00:20:00,00:20:00,'
    "AT (Austria)\n"
)
AMAZON = {
    "Retail.OrderHistory.1/Retail.OrderHistory.1.csv": "\ufeffWebsite,Order ID,Order Date,"
    "Purchase Order Number,Currency,Unit Price,Total Owed,ASIN,Product Condition,Quantity,"
    "Payment Instrument Type,Order Status,Shipment Status,Product Name,Gift Message,"
    "Gift Recipient Contact Details\r\n"
    "Amazon.com,111-1,2024-01-04T20:39:52Z,Not Applicable,USD,13.99,13.99,B01,New,2,Visa - 1111,"
    'Closed,Shipped,"Cat food, salmon",Not Available,Not Available\r\n'
    "Amazon.com,111-2,2024-03-04T20:39:52Z,Not Applicable,USD,13.99,13.99,B01,New,1,Visa - 1111,"
    'Closed,Shipped,"Cat food, salmon",Not Available,Not Available\r\n'
    "Amazon.com,111-3,2024-02-04T20:39:52Z,Not Applicable,USD,9,9,B02,New,1,Visa - 1111,"
    "Cancelled,Not Available,Pink kettle,Not Available,Not Available\r\n"
    "Amazon.com,111-4,2024-02-05T20:39:52Z,Not Applicable,USD,9,9,B03,New,1,Visa - 1111,"
    "Closed,Shipped,Rubber boots,Not Available,Not Available\r\n"
    "Amazon.com,111-5,2024-02-06T20:39:52Z,Not Applicable,USD,9,9,B04,New,1,Visa - 1111,"
    "Closed,Shipped,Toy train,Happy birthday!,Not Available\r\n",
    "Retail.CustomerReturns.1.1/Retail.CustomerReturns.1.1.csv": "OrderID,ContractID,DateOfReturn,"
    "ReturnAmount,ReturnAmountCurrency,ReturnReason,Resolution\n"
    '111-4,c1,"Sun, 11 Feb 2024 10:00:00 GMT",9,USD,too small,Refund\n',
    "Digital-Ordering.1/Digital Items.csv": "ASIN,Title,OrderId,DigitalOrderItemId,OrderDate,"
    "FulfilledDate,OurPrice,OurPriceCurrencyCode\n"
    "B05,Tides of Salt,D01-1,x,2024-04-01T10:00:00Z,2024-04-01T10:00:00Z,4.99,USD\n",
}
OLD_AMAZON = {
    "orders.csv": '"Website","Order ID","Order Date","Currency","Unit Price","ASIN","Quantity",'
    '"Order Status","Product Name"\n'
    '"Amazon.de","302-1","05/14/2020 20:39:52 UTC","EUR","13.99","B01","1","Closed","Schere"\n'
}


def play(time: str, song: str | None, ms: int, **more: object) -> dict[str, object]:
    return {
        "ts": time,
        "platform": "android",
        "ms_played": ms,
        "conn_country": "AT",
        "master_metadata_track_name": song,
        "master_metadata_album_artist_name": song and "The Oars",
        "master_metadata_album_album_name": song and "Blue",
        "episode_name": None,
        "episode_show_name": None,
        "incognito_mode": False,
    } | more


SPOTIFY = {
    "MyData/Streaming_History_Audio_2023-2024_0.json": json.dumps(
        [
            play("2024-01-02T13:45:00Z", "Slow Waltz", 184000),
            play("2024-02-02T13:45:00Z", "Slow Waltz", 184000),
            play("2024-02-02T13:46:00Z", "Skipped", 1200),
            play("2024-02-03T13:46:00Z", "Secret", 90000, incognito_mode=True),
            play("2024-02-04T10:00:00Z", None, 900000, episode_show_name="Sea Talk"),
        ]
    ),
    "MyData/StreamingHistory_music_0.json": json.dumps(
        [
            {
                "endTime": "2024-02-02 13:45",
                "artistName": "The Oars",
                "trackName": "Slow Waltz",
                "msPlayed": 184000,
            },
            {
                "endTime": "2024-03-02 13:45",
                "artistName": "The Oars",
                "trackName": "New Song",
                "msPlayed": 184000,
            },
        ]
    ),
    "MyData/YourLibrary.json": json.dumps(
        {
            "tracks": [
                {"artist": "The Oars", "album": "Blue", "track": "Slow Waltz", "uri": "s:1"}
            ],
            "albums": [],
            "shows": [],
            "episodes": [],
            "bannedTracks": [{"artist": "Din", "track": "Loud", "uri": "s:2"}],
        }
    ),
    "MyData/SearchQueries.json": json.dumps(
        [
            {
                "platform": "IPHONE",
                "searchTime": "2024-01-01T10:00:00.123Z[UTC]",
                "searchQuery": "sea songs",
                "searchInteractionURIs": [],
            }
        ]
    ),
    "MyData/Userdata.json": json.dumps({"username": "kim", "country": "AT"}),
}
PLAYED: list[ITEM] = [
    ("Slow Waltz, The Oars (played 2 times, 2024-01 to 2024-02)", "plays", "2024-02-02", "did"),
    ("Once, Din (played once, 2024-01)", "plays", "2024-01-01", "did"),
]
HEALTH = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE HealthData [\n'
    '<!ELEMENT HealthData (Record*)>\n]>\n<HealthData locale="de_AT">\n'
    + "".join(
        f'<Record type="HKQuantityTypeIdentifierStepCount" sourceName="{device}" unit="count" '
        f'startDate="2024-05-0{day} 09:00:00 +0200" endDate="2024-05-0{day} 10:00:00 +0200" '
        f'value="{steps}"/>\n'
        for day, device, steps in [(1, "Phone", 4000), (1, "Watch", 5000), (2, "Phone", 7000)]
    )
    + '<Record type="HKCategoryTypeIdentifierSleepAnalysis" sourceName="Watch" '
    'startDate="2024-05-01 23:00:00 +0200" endDate="2024-05-02 06:30:00 +0200" '
    'value="HKCategoryValueSleepAnalysisAsleepCore"/>\n'
    '<Record type="HKQuantityTypeIdentifierBloodGlucose" sourceName="Meter" value="5"/>\n'
    '<Workout workoutActivityType="HKWorkoutActivityTypeTraditionalStrengthTraining" duration="30" '
    'startDate="2024-05-03 18:00:00 +0200" endDate="2024-05-03 18:30:00 +0200"/>\n'
    "</HealthData>\n"
)
SAMPLES = {
    "goodreads": Sample(
        "goodreads",
        {"goodreads_library_export.csv": GOODREADS},
        [
            (
                "Tides of Salt, Ada Moor (read, rated 4 of 5, on the shelves sea, slow): "
                "A slow start.\nThen, I could not stop.",
                "read",
                "2024-03-14",
                "said",
            ),
            ("Ledgers, Bo Finn (read 2 times, rated 1 of 5)", "read", "2024-04-01", "did"),
            ("wants to read: Kites, Cy Lund", "reading list", "2024-04-02", "did"),
            ("is reading: Moss, Di Hale", "reading", "2024-04-03", "did"),
            ("Fog, Ed Rowe (gave-up)", "read", "2024-04-04", "did"),
        ],
        {},
    ),
    "letterboxd": Sample(
        "letterboxd",
        LETTERBOXD,
        [
            (
                "Pale Fire (2021) (watched, rated 2 of 5): Too long, far too long",
                "watched",
                "2024-02-04",
                "said",
            ),
            ("Harbour (2019) (watched again, rated 4.5 of 5)", "watched", "2024-02-02", "did"),
            ("Old Snow (1990) (rated 3 of 5)", "watched", "2023-01-01", "did"),
            ("Blue Hour (2001) (watched)", "watched", "2023-05-01", "did"),
            ("wants to watch: Next Door (2024)", "watchlist", "2024-03-01", "did"),
            ("likes: Harbour (2019)", "likes", "2024-02-03", "did"),
        ],
        {
            "entries that another list has with more": 3,
            "deleted entries": 1,
            "files of other kinds": 1,
        },
        renamed=False,
    ),
    "imdb": Sample(
        "imdb",
        {
            "ratings.csv": IMDB.format(
                rating="Your Rating", rated="Date Rated", title="Title", kind="Movie"
            )
        },
        [
            ("Harbour (2019) (rated 9 of 10)", "watched", "2024-03-15", "did"),
            ("Fog (2020) (rated 3 of 10)", "watched", "2024-03-16", "did"),
        ],
        {},
    ),
    "imdb, de": Sample(
        "imdb",
        {
            "ratings.csv": IMDB.format(
                rating="Deine Bewertung", rated="Bewertet am", title="Titel", kind="Film"
            )
        },
        [
            ("Harbour (2019) (rated 9 of 10)", "watched", "2024-03-15", "did"),
            ("Fog (2020) (rated 3 of 10)", "watched", "2024-03-16", "did"),
        ],
        {},
    ),
    "imdb, ja": Sample(
        "imdb",
        {
            "ratings.csv": IMDB.format(
                rating="あなたの評価", rated="評価日", title="タイトル", kind="映画"
            )
        },
        [
            ("Harbour (2019) (rated 9 of 10)", "watched", "2024-03-15", "did"),
            ("Fog (2020) (rated 3 of 10)", "watched", "2024-03-16", "did"),
        ],
        {},
    ),
    "imdb's watchlist": Sample(
        "imdb",
        {"WATCHLIST.csv": IMDB_LIST},
        [("wants to watch: Next Door (2024)", "watchlist", "2024-01-05", "did")],
        {},
        renamed=False,
    ),
    "netflix": Sample(
        "netflix",
        {"ViewingActivity.csv": NETFLIX},
        [("Lighthouse (watched 2 times, 2024-05)", "watched", "2024-05-02", "did")],
        {"trailers and clips": 1, "of other profiles": 1, "views of under a minute": 1},
        Reading(me="Kim"),
    ),
    **{
        f"netflix, short, {language}": Sample(
            "netflix",
            {
                "NetflixViewingHistory.csv": f'{names}\n"Lighthouse: {season} 1: A","{first}"\n'
                f'"Harbour","{second}"\n"Harbour","{first}"\n'
            },
            [
                ("Harbour (watched 2 times, 2024-02)", "watched", "2024-02-14", "did"),
                ("Lighthouse (watched once, 2024-02)", "watched", "2024-02-03", "did"),
            ],
            {},
        )
        for language, names, season, first, second in [
            ("en", "Title,Date", "Season", "2/3/24", "2/14/24"),
            ("de", "Titel,Datum", "Staffel", "03.02.24", "14.02.24"),
            ("fr", "Titre,Date", "Saison", "03/02/2024", "14/02/2024"),
            ("pt-BR", "Título,Data", "Temporada", "03/02/2024", "14/02/2024"),
            ("ja", "タイトル,日付", "シーズン", "2024/02/03", "2024/02/14"),
            ("ar", "العنوان,التاريخ", "الموسم", "٣/٢/٢٠٢٤", "١٤/٢/٢٠٢٤"),
        ]
    },
    "amazon": Sample(
        "amazon",
        AMAZON,
        [
            (
                "Cat food, salmon (bought 2 times, 3 pieces, 2024-01 to 2024-03)",
                "purchases",
                "2024-03-04",
                "did",
            ),
            ("Tides of Salt (bought once, 2024-04)", "purchases", "2024-04-01", "did"),
            ("Toy train (bought as a gift once, 2024-02)", "gifts", "2024-02-06", "did"),
            ("Rubber boots (bought and sent back once, 2024-02)", "returns", "2024-02-05", "did"),
        ],
        {"cancelled orders": 1},
    ),
    "amazon, as it was": Sample(
        "amazon",
        OLD_AMAZON,
        [("Schere (bought once, 2020-05)", "purchases", "2020-05-14", "did")],
        {},
    ),
    "spotify": Sample(
        "spotify",
        SPOTIFY,
        [
            ("has saved the song: Slow Waltz, The Oars", "library", None, "did"),
            ("never wants to hear the song: Loud, Din", "library", None, "did"),
            PLAYED[0],
            ("New Song, The Oars (played once, 2024-03)", "plays", "2024-03-02", "did"),
            ("Sea Talk (listened to once, 2024-02)", "listened", "2024-02-04", "did"),
            ("sea songs (searched for once, 2024-01)", "searches", "2024-01-01", "did"),
        ],
        {
            "plays of under 30 seconds": 1,
            "plays in private sessions": 1,
            "plays that the extended history has too": 1,
            "files of other kinds": 1,
        },
    ),
    "lastfm, with ids": Sample(
        "lastfm",
        {
            "recenttracks-kim.csv": "uts,utc_time,artist,artist_mbid,album,album_mbid,"
            "track,track_mbid\n"
            '"1706881500","02 Feb 2024, 13:45","The Oars","","Blue","","Slow Waltz",""\n'
            '"1704203100","02 Jan 2024, 13:45","The Oars","","Blue","","Slow Waltz",""\n'
            '"1704102300","01 Jan 2024, 09:45","Din","","Loud","","Once",""\n'
        },
        PLAYED,
        {},
    ),
    "lastfm, stats": Sample(
        "lastfm",
        {
            "lastfmstats-kim.csv": "\ufeffArtist;Album;AlbumId;Track;Date#kim\n"
            '"The Oars";"Blue";"";"Slow Waltz";"1706881500000"\n'
            '"The Oars";"Blue";"";"Slow Waltz";"1704203100000"\n'
            '"Din";"Loud";"";"Once";"1704102300000"\n'
        },
        PLAYED,
        {},
    ),
    "lastfm, without names": Sample(
        "lastfm",
        {
            "kim.csv": 'The Oars,Blue,Slow Waltz,"02 Feb 2024, 13:45"\n'
            'The Oars,Blue,Slow Waltz,"02 Jan 2024, 13:45"\nDin,Loud,Once,"01 Jan 2024, 09:45"\n'
        },
        PLAYED,
        {},
    ),
    "steam": Sample(
        "steam",
        {
            "games.json": json.dumps(
                {
                    "response": {
                        "game_count": 2,
                        "games": [
                            {
                                "appid": 10,
                                "name": "Sea Dogs",
                                "playtime_forever": 2050,
                                "rtime_last_played": 1706881500,
                            },
                            {
                                "appid": 20,
                                "name": "Unopened",
                                "playtime_forever": 0,
                                "rtime_last_played": 0,
                            },
                        ],
                    }
                }
            )
        },
        [
            ("Sea Dogs (played 34 hours in all)", "games", "2024-02-02", "did"),
            ("Unopened (owned, never played)", "owned games", None, "did"),
        ],
        {},
    ),
    "steam's page": Sample(
        "steam",
        {
            "games.html": "<!DOCTYPE html><title>Steam Community :: kim :: Games</title><div "
            'id="gameslist_config" data-profile-gameslist="{&quot;rgGames&quot;:[{'
            '&quot;name&quot;:&quot;Sea &amp; Dogs&quot;,&quot;playtime_forever&quot;:90}]}"></div>'
        },
        [("Sea & Dogs (played 90 minutes in all)", "games", None, "did")],
        {},
    ),
    "bank": Sample(
        "bank",
        {
            "umsaetze.csv": '"Girokonto";"AT000000"\n\n"Buchungsdatum";"Wertstellung";'
            '"Zahlungspflichtige*r";"Zahlungsempfänger*in";"Verwendungszweck";"Betrag (€)";"IBAN"\n'
            '"14.05.24";"14.05.24";"Kim";"Bäckerei Roggen";"Karte";"-4,20 €";"AT1"\n'
            '"02.05.24";"02.05.24";"Kim";"Bäckerei Roggen";"Karte";"-3,10 €";"AT1"\n'
            '"01.05.24";"01.05.24";"Firma";"Kim";"Lohn";"1.234,56 €";"AT2"\n'
        },
        [("Bäckerei Roggen (paid 2 times, 2024-05)", "payments", "2024-05-14", "did")],
        {"incoming payments": 1},
    ),
    "bank with two columns of amounts": Sample(
        "bank",
        {
            "statement.csv": "Date,Description,Debit,Credit,Balance\n"
            "2024-05-14,Rye Bakery,4.20,,100.00\n2024-05-13,Wages,,900.00,104.20\n"
        },
        [("Rye Bakery (paid once, 2024-05)", "payments", "2024-05-14", "did")],
        {"incoming payments": 1},
    ),
    "apple's stores": Sample(
        "apple-store",
        {
            "Store Transaction History.csv": "Item Purchased Date,Content Type,Reference,"
            "Item Description,Seller,Invoice Item Total\n"
            "2024-05-14T10:00:00Z,iOS and tvOS Apps,1,Tide Tables,A Seller,2.99\n"
        },
        [("Tide Tables (bought once, 2024-05)", "purchases", "2024-05-14", "did")],
        {},
    ),
    "apple health": Sample(
        "apple-health",
        {"apple_health_export/export.xml": HEALTH},
        [
            (
                "traditional strength training workout (did once, 2024-05)",
                "workouts",
                "2024-05-03",
                "did",
            ),
            ("walked about 6,000 steps a day in 2024-05", "steps", "2024-05-01", "did"),
            ("slept about 7.5 hours a night in 2024-05", "sleep", "2024-05-01", "did"),
        ],
        {"other records of health": 1},
    ),
}


def read(path: Path, reading: Reading) -> tuple[str, list[ITEM], dict[str, int], list[Refused]]:
    with opened(path, reading) as file:
        entries = list(file.entries)
        format = file.format
    items = [
        (
            entry.item.text,
            entry.item.source,
            entry.item.time.date().isoformat() if entry.item.time else None,
            entry.item.kind,
        )
        for entry in entries
        if isinstance(entry, Kept) and entry.item.role == "user"
    ]
    left: Counter[str] = Counter()
    for entry in entries:
        if isinstance(entry, Skipped):
            left[entry.reason] += entry.count
    return format, items, dict(left), [entry for entry in entries if isinstance(entry, Refused)]


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode())
    return path if len(files) == 1 else folder


@pytest.mark.parametrize("name", SAMPLES)
def test_an_export_is_recognised_and_read_as_its_app_wrote_it(name: str, tmp_path: Path) -> None:
    sample = SAMPLES[name]
    found = read(write(tmp_path / "a", sample.files), sample.reading)
    assert found == (sample.format, sample.items, sample.left_out, [])


@pytest.mark.parametrize("name", SAMPLES)
def test_an_export_is_the_same_in_a_zip_and_beside_other_files(name: str, tmp_path: Path) -> None:
    sample = SAMPLES[name]
    packed = tmp_path / "export"
    with zipfile.ZipFile(packed, "w") as archive:
        for path, content in sample.files.items():
            archive.writestr(path, content)
    assert read(packed, sample.reading)[:2] == (sample.format, sample.items)
    folder = tmp_path / "folder"
    write(folder, {**sample.files, "notes/README.txt": "The files of your export."})
    assert read(folder, sample.reading)[:2] == (sample.format, sample.items)


@pytest.mark.parametrize("name", [name for name in SAMPLES if SAMPLES[name].renamed])
def test_an_export_under_other_names_is_the_same(name: str, tmp_path: Path) -> None:
    sample = SAMPLES[name]
    renamed = {f"file{number}": content for number, content in enumerate(sample.files.values())}
    assert read(write(tmp_path / "a", renamed), sample.reading)[:2] == (sample.format, sample.items)


@pytest.mark.parametrize("name", SAMPLES)
def test_an_export_that_is_cut_short_is_read_up_to_there(name: str, tmp_path: Path) -> None:
    sample = SAMPLES[name]
    if len(sample.files) > 1 or sample.format == "steam":
        pytest.skip("one file of several")
    (path, content), *_ = sample.files.items()
    cut = content[: content.rstrip().rindex("\n") + 8]
    _, items, _, refused = read(write(tmp_path, {path: cut}), sample.reading)
    assert len(refused) == 1
    assert {item[1] for item in items} <= {item[1] for item in sample.items}


def test_several_profiles_are_asked_for(tmp_path: Path) -> None:
    path = write(tmp_path, {"ViewingActivity.csv": NETFLIX})
    for me in (None, "Alex"):
        with pytest.raises(HistoryItemError, match=r"--me which of the profiles .*: 'Kim', 'Kids'"):
            read(path, Reading(me=me))


@pytest.mark.parametrize(
    ("title", "of"),
    [
        ("Lighthouse: Season 1: Fog", "Lighthouse"),
        ("Far Stars: The War: Season 2: Part: One", "Far Stars: The War"),
        ("Lighthouse: Limited Series: Fog", "Lighthouse"),
        ("Spider: Homecoming", "Spider: Homecoming"),
        ("Harbour", "Harbour"),
    ],
)
def test_an_episode_is_of_its_series(title: str, of: str) -> None:
    assert series(title) == of


def test_a_list_of_films_that_does_not_say_what_they_are_is_asked_about(tmp_path: Path) -> None:
    path = write(tmp_path, {"films.data": LETTERBOXD["letterboxd-kim/watched.csv"]})
    with pytest.raises(HistoryItemError, match=r"watched, liked or are to be watched; name it"):
        read(path, Reading())
    path = write(tmp_path, {"watched.csv": LETTERBOXD["letterboxd-kim/watched.csv"]})
    assert len(read(path, Reading())[1]) == 2


def test_payments_that_do_not_say_which_way_they_went_are_asked_about(tmp_path: Path) -> None:
    path = write(tmp_path, {"a.csv": "Date,Payee,Amount\n2024-05-14,Bakery,4.20\n"})
    with pytest.raises(HistoryItemError, match="does not tell the payments that came in"):
        read(path, Reading())


def test_many_rows_of_one_title_are_one_item(tmp_path: Path) -> None:
    rows = (f'"Lighthouse: Season 1: Part {number}","14/02/2024"\n' for number in range(20_000))
    path = write(tmp_path, {"NetflixViewingHistory.csv": "Title,Date\n" + "".join(rows)})
    assert read(path, Reading())[1] == [
        ("Lighthouse (watched 20000 times, 2024-02)", "watched", "2024-02-14", "did")
    ]


@pytest.mark.parametrize(
    "table",
    [
        # with more lines before the table than in it, and two columns of one name
        "Umsatzanzeige;Datei erstellt am: 14.05.2024 10:00\n\nIBAN;DE00\nKontoname;Girokonto\n"
        "Bank;ING\nKunde;Kim\n\nSortierung;Datum absteigend\n\nBuchung;Wertstellungsdatum;"
        "Auftraggeber/Empfänger;Buchungstext;Verwendungszweck;Saldo;Währung;Betrag;Währung\n"
        "14.05.2024;14.05.2024;Bäckerei;Lastschrift;Brot;100,00;EUR;-4,20;EUR\n"
        "13.05.2024;13.05.2024;Firma;Gehalt;Lohn;104,20;EUR;1.000,00;EUR\n",
        # with a column of marks
        '"Datum";"Naam / Omschrijving";"Rekening";"Code";"Af Bij";"Bedrag (EUR)";"Mededelingen"\n'
        '"20240514";"Bäckerei";"NL00";"BA";"Af";"4,20";"Brood"\n'
        '"20240513";"Baas";"NL00";"BA";"Bij";"1000,00";"Loon"\n',
        "Date,Description,Amount,Transaction Type,Account\n5/14/2024,Bäckerei,4.20,debit,Card\n"
        "5/13/2024,Wage,400.20,credit,Card\n",
        # with kinds of payments that are no marks
        "Started Date,Completed Date,Description,Amount,Transaction Type,Balance\n"
        "2024-05-14 10:00:00,2024-05-14 10:00:00,Bäckerei,-4.20,CARD,1.00\n"
        "2024-05-13 10:00:00,2024-05-13 10:00:00,Top-Up,100.00,TOPUP,9.00\n",
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "cp1252"])
def test_banks_tables_are_read_by_what_their_columns_are_called(
    tmp_path: Path, table: str, encoding: str
) -> None:
    path = tmp_path / "export"
    path.write_bytes(table.encode(encoding))
    format, items, left_out, _ = read(path, Reading())
    assert (format, left_out) == ("bank", {"incoming payments": 1})
    assert items == [("Bäckerei (paid once, 2024-05)", "payments", "2024-05-14", "did")]
