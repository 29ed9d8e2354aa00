"""Dates with the month in words, or in Chinese, Japanese and Korean, as apps write them for people.

`Montag, 25. September 2023 22:42:15`, `May 14, 2024 9:41 AM`, `2024年5月14日星期二 上午9:41:32`.
"""

import re
import unicodedata
from datetime import UTC, datetime, timedelta, timezone, tzinfo

_MONTHS = """
january february march april may june july august september october november december
januar februar märz april mai juni juli august september oktober november dezember
jänner feber mrz apr mai jun jul aug sep okt nov dez
janvier février mars avril mai juin juillet août septembre octobre novembre décembre
enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre
janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro
gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre
januari februari maart april mei juni juli augustus september oktober november december
januari februari mars april maj juni juli augusti september oktober november desember
januari februari maret april mei juni juli agustus september oktober november desember
stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października listopada grudnia
ledna února března dubna května června července srpna září října listopadu prosince
január február március április május június július augusztus szeptember október november december
ianuarie februarie martie aprilie mai iunie iulie august septembrie octombrie noiembrie decembrie
ocak şubat mart nisan mayıs haziran temmuz ağustos eylül ekim kasım aralık
tammikuuta helmikuuta maaliskuuta huhtikuuta toukokuuta kesäkuuta heinäkuuta elokuuta syyskuuta \
lokakuuta marraskuuta joulukuuta
января февраля марта апреля мая июня июля августа сентября октября ноября декабря
січня лютого березня квітня травня червня липня серпня вересня жовтня листопада грудня
ιανουαρίου φεβρουαρίου μαρτίου απριλίου μαΐου ιουνίου ιουλίου αυγούστου σεπτεμβρίου οκτωβρίου \
νοεμβρίου δεκεμβρίου
يناير فبراير مارس أبريل مايو يونيو يوليو أغسطس سبتمبر أكتوبر نوفمبر ديسمبر
ינואר פברואר מרץ אפריל מאי יוני יולי אוגוסט ספטמבר אוקטובר נובמבר דצמבר
जनवरी फ़रवरी मार्च अप्रैल मई जून जुलाई अगस्त सितंबर अक्टूबर नवंबर दिसंबर
"""
_AFTERNOON = ("下午", "午後", "오후", "晚上", "م", "μμ")
_MORNING = ("上午", "午前", "오전", "凌晨", "ص", "πμ")
_YEAR = re.compile(r"(?<!\d)\d{4}(?!\d)")
_DAY = re.compile(r"(?<![\d:.])\d{1,2}(?!\d|[:]\d)")
_EAST = re.compile(r"(\d{4})\s?[年년]\s?(\d{1,2})\s?[月월]\s?(\d{1,2})\s?[日일]")
_CLOCK = re.compile(
    r"(?<!\d)(\d{1,2})[:.](\d\d)(?:[:.](\d\d))?(?!\d|\.\d)(?:\s?([ap])\.?\s?m\b)?", re.IGNORECASE
)
_OFFSET = re.compile(r"\b(?:UTC|GMT)\b(?:\s?([+-])(\d{1,2})(?::?(\d\d))?)?")


def _folded(word: str) -> str:
    apart = unicodedata.normalize("NFKD", word.casefold())
    return "".join(char for char in apart if not unicodedata.combining(char))


def _numbered() -> dict[str, int]:
    months: dict[str, int] = {}
    short: dict[str, int] = {}
    for line in _MONTHS.replace("\\\n", "").split("\n"):
        names = [_folded(name) for name in line.split()]
        for number, name in enumerate(names, start=1):
            months.setdefault(name, number)
            for length in (3, 4):
                if sum(other.startswith(name[:length]) for other in names) == 1:
                    short.setdefault(name[:length], number)
    return short | months


_NUMBER_OF = _numbered()


def long_date(text: str, zone: tzinfo) -> datetime:
    """Return the time that a date in words tells, in UTC; without a time of day, its midnight.

    Args:
        text: The date; what else it says, the day of the week or `Added on`, is passed over.
        zone: The zone of a time that names no offset from UTC.

    Raises:
        ValueError: It tells no day that there is.
    """
    text = " ".join(text.split())[:200]  # other spaces too
    if found := _EAST.search(text):
        year, month, day = (int(number) for number in found.groups())
        rest = text[found.end() :]
    else:
        years = _YEAR.findall(text)
        words = [_NUMBER_OF.get(_folded(word)) for word in re.findall(r"[^\W\d_]+", text)]
        named = [number for number in words if number]  # a day of the week may be one too
        clock = _CLOCK.search(text)
        days = _DAY.findall(text[: clock.start()] if clock else text)
        if not years or not named or not days:
            raise ValueError("is no date that can be read")
        year, month, day = int(years[0]), named[-1], int(days[-1])
        rest = text
    hour, minute, second = _clock(rest)
    try:
        local = datetime(year, month, day, hour, minute, second, tzinfo=_zone(rest, zone))
        return local.astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError("is no such day or hour") from None


def _clock(text: str) -> tuple[int, int, int]:
    found = _CLOCK.search(text)
    if found is None:
        return 0, 0, 0
    hour, minute, second = (int(number or 0) for number in found.groups()[:3])
    words = set(re.findall(r"[^\W\d_]+", text[found.start() :])) | {
        text[: found.start()].strip()[-2:]
    }
    half = (found[4] or "").casefold()
    if half == "p" or words & set(_AFTERNOON):
        hour = hour % 12 + 12
    elif (half == "a" or words & set(_MORNING)) and hour == 12:
        hour = 0
    return hour, minute, second


def _zone(text: str, zone: tzinfo) -> tzinfo:
    found = _OFFSET.search(text)
    if found is None:
        return zone
    sign = -1 if found[1] == "-" else 1
    return timezone(sign * timedelta(hours=int(found[2] or 0), minutes=int(found[3] or 0)))
