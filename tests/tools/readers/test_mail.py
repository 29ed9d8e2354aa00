"""Mail: whose it is, and what of it the user wrote."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from exported import folder_of, in_every_form, read, zip_of

from guided_profile.graph.errors import HistoryItemError
from guided_profile.tools.readers.writing.mbox import is_mail


def mail(
    text: str,
    *,
    sender: str = "Mara Lind <mara@example.org>",
    to: str = "Ana <ana@example.org>",
    subject: str = "Sauerteig",
    more: str = "",
) -> str:
    return (
        f"From: {sender}\nTo: {to}\nSubject: {subject}\nDate: Tue, 14 May 2024 09:41:32 +0200\n"
        f'{more}MIME-Version: 1.0\nContent-Type: text/plain; charset="UTF-8"\n\n{text}\n'
    )


def mbox(*mails: str) -> str:
    return "".join(f"From x@y Tue May 14 09:41:32 +0000 2024\n{mail}\n" for mail in mails)


SENT = mbox(
    mail("Mein Starter ist drei Jahre alt.", more="X-Gmail-Labels: Gesendet\n"),
    mail(
        "Danke!", sender="Ana <ana@example.org>", to="mara@example.org", more="Received: from a\n"
    ),
)


def test_what_the_user_sent_is_read_wherever_the_mailbox_is(tmp_path: Path) -> None:
    found = in_every_form(tmp_path, "Gesendet.mbox", SENT)
    assert found.formats == {"mail": 1}
    assert found.lines == [("user", "mail", "Mein Starter ist drei Jahre alt.")]
    assert found.skipped == {"mails of others": 1}
    [item] = found.items
    assert item.time == datetime(2024, 5, 14, 7, 41, 32, tzinfo=UTC)
    assert (item.kind, item.category) == ("said", "Sauerteig")


def test_a_mailbox_is_the_one_s_who_is_in_all_of_it(tmp_path: Path) -> None:
    box = mbox(
        mail("Hello Ana"),
        mail("Hello Ben", to="ben@example.org"),
        mail("Hello Mara", sender="Ben <ben@example.org>", to="mara@example.org"),
    )
    found = read(folder_of(tmp_path, {"x.mbox": box}) / "x.mbox")
    assert found.texts == ["Hello Ana", "Hello Ben"]


def test_a_mailbox_that_does_not_tell_whose_it_is_asks(tmp_path: Path) -> None:
    box = mbox(mail("Hello"), mail("Hi", sender="Ana <ana@example.org>", to="mara@example.org"))
    path = folder_of(tmp_path, {"x.mbox": box}) / "x.mbox"
    with pytest.raises(HistoryItemError, match=r"--me .*Mara Lind <mara@example.org> \(mails: 1\)"):
        read(path)
    assert read(path, me="MARA@example.org").texts == ["Hello"]
    assert read(path, me="mara lind").texts == ["Hello"]
    with pytest.raises(HistoryItemError, match="'Cy' sent none of the mails"):
        read(path, me="Cy")


def test_an_inbox_of_one_sender_is_not_taken_for_theirs(tmp_path: Path) -> None:
    letter = mail("News!", sender="Shop <shop@example.org>", to="mara@example.org")
    with pytest.raises(HistoryItemError, match="--me"):
        read(folder_of(tmp_path, {"x.mbox": mbox(letter, letter)}) / "x.mbox")


def test_what_is_forged_in_the_user_s_name_is_not_theirs(tmp_path: Path) -> None:
    box = SENT + mbox(mail("Buy pills", more="X-Gmail-Labels: Spam\n"))
    found = read(folder_of(tmp_path, {"x.mbox": box}) / "x.mbox")
    assert found.texts == ["Mein Starter ist drei Jahre alt."]
    assert found.skipped == {"mails of others": 2}


def test_single_messages_in_a_folder_are_read_together(tmp_path: Path) -> None:
    files = {
        "cur/1.eml": mail("Hello Ana"),
        "cur/2": mail("Hello Ben", to="ben@example.org"),
        "new/3.emlx": f"400\n{mail('Hi Cy', to='cy@example.org')}<?xml version='1.0'?><plist/>",
    }
    for path in (folder_of(tmp_path / "box", files), zip_of(tmp_path / "box.zip", files)):
        found = read(path)
        assert found.texts[:2] == ["Hello Ana", "Hello Ben"]
        assert len(found.items) == 3


QUOTING = {
    "quoted": "My starter is old.\n\nOn 14 May 2024, Ana wrote:\n> I am allergic to rye",
    "quoted, wrapped": (
        "My starter is old.\n\nAm Di., 14. Mai 2024 um 09:41 Uhr schrieb Ana\n"
        "<ana@example.org>:\n\n> Ich bin allergisch"
    ),
    "in Chinese": (
        "My starter is old.\n\nAna <ana@example.org> 于2024年5月14日周二 09:41写道：\n\n> 我过敏"
    ),
    "in Arabic": (
        "My starter is old.\n\nفي الثلاثاء، ١٤ مايو ٢٠٢٤ في ٩:٤١ ص تمت كتابة ما يلي بواسطة Ana "
        "<ana@example.org>:\n\n> rye"
    ),
    "below, not quoted": (
        "My starter is old.\n\nLe mar. 14 mai 2024 à 09:41, Ana <ana@example.org> a écrit :\n"
        "Je suis allergique"
    ),
    "Outlook": (
        "My starter is old.\n\n________________________________\nVon: Ana Bo\n"
        "Gesendet: Dienstag, 14. Mai 2024 09:41\nAn: Mara Lind\nBetreff: Sauerteig\n\nIch bin…"
    ),
    "forwarded": (
        "My starter is old.\n\n---------- Forwarded message ---------\n"
        "From: Ana <ana@example.org>\nDate: Tue, May 14, 2024 at 9:41\nSubject: rye\n"
        "To: <mara@example.org>\n\nI am allergic"
    ),
    "signed": "My starter is old.\n\n-- \nMara Lind\nBakery Lind, Graz",
    "above": "> I am allergic\n\nMy starter is old.",
}


@pytest.mark.parametrize("text", QUOTING.values(), ids=QUOTING)
def test_what_others_wrote_in_it_is_left_out(tmp_path: Path, text: str) -> None:
    path = (
        folder_of(tmp_path, {"Sent.mbox": mbox(mail(text, subject="AW: Sauerteig"))}) / "Sent.mbox"
    )
    assert read(path).texts == ["My starter is old."]


def test_lists_colons_and_dates_of_the_writer_stay(tmp_path: Path) -> None:
    text = "Shopping:\n- rye: 2 kg\n- salt\n\nCall me at 9:41: I am up.\nDate: 14 May\nPlace: Graz"
    path = folder_of(tmp_path, {"Sent.mbox": mbox(mail(text))}) / "Sent.mbox"
    assert read(path).texts == [text]


def test_what_ends_many_mails_is_left_out(tmp_path: Path) -> None:
    mails = [mail(f"Loaf {n} is done.\n\nVon meinem Telefon gesendet") for n in range(4)]
    path = folder_of(tmp_path, {"Sent.mbox": mbox(*mails)}) / "Sent.mbox"
    assert read(path).texts == [f"Loaf {n} is done." for n in range(4)]


HTML = (
    "<html><head><style>p {}</style></head><body><!-- x --><p>My <b>starter</b><br>is&nbsp;old."
    '</p><div class="gmail_quote"><div class="gmail_attr">On 14 May 2024 at 9:41 Ana &lt;'
    "ana@example.org&gt; wrote:<br></div><blockquote>I am allergic</blockquote></div></body></html>"
)


def test_html_is_read_where_there_is_no_text(tmp_path: Path) -> None:
    html_mail = mail(HTML).replace("text/plain", "text/html")
    path = folder_of(tmp_path, {"Sent.mbox": mbox(html_mail)}) / "Sent.mbox"
    assert read(path).texts == ["My starter\nis\xa0old."]


def test_attachments_and_attached_mails_are_no_words_of_the_user(tmp_path: Path) -> None:
    parts = (
        'Content-Type: text/plain; charset="ISO-8859-1"\nContent-Transfer-Encoding: '
        "quoted-printable\n\nSch=F6n=2E\n--b\nContent-Type: message/rfc822\n\n"
        + mail("I am allergic", sender="Ana <ana@example.org>")
        + '--b\nContent-Type: text/plain; name="x.txt"\nContent-Disposition: attachment\n\nan essay'
    )
    multipart = mail(f"--b\n{parts}\n--b--").replace(
        'text/plain; charset="UTF-8"\n\n--b', 'multipart/mixed; boundary="b"\n\n--b', 1
    )
    path = folder_of(tmp_path, {"Sent.mbox": mbox(multipart)}) / "Sent.mbox"
    assert read(path).texts == ["Schön."]


def test_automatic_and_deleted_mails_are_left_out(tmp_path: Path) -> None:
    box = mbox(
        mail("I am away", more="Auto-Submitted: auto-replied\n"),
        mail("old", more="X-Mozilla-Status: 0009\n"),
        mail("> quoted alone"),
        mail("Hello"),
    )
    found = read(folder_of(tmp_path, {"Sent.mbox": box}) / "Sent.mbox")
    assert found.texts == ["Hello"]
    assert found.skipped == {
        "automatic replies": 1,
        "deleted mails": 1,
        "mails without words of the user's own": 1,
    }


def test_a_line_that_begins_as_a_message_is_one_after_a_blank_line(
    tmp_path: Path,
) -> None:
    box = mbox(mail("Hi\nFrom here to 9:41 I bake.\n\n>From now on I knead."))
    found = read(folder_of(tmp_path, {"Sent.mbox": box}) / "Sent.mbox")
    assert len(found.items) == 1
    assert found.texts[0].startswith("Hi\nFrom here")


def test_a_byte_order_mark_and_windows_line_ends_change_nothing(tmp_path: Path) -> None:
    written = SENT.replace("\n", "\r\n").encode("utf-8-sig")
    path = folder_of(tmp_path, {"x": written}) / "x"
    assert read(path).texts == ["Mein Starter ist drei Jahre alt."]


def test_a_mailbox_cut_short_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    path = folder_of(tmp_path, {"Sent.mbox": SENT[: SENT.index("Jahre")]}) / "Sent.mbox"
    assert read(path).texts == ["Mein Starter ist drei"]
    between = folder_of(tmp_path, {"x": SENT[: SENT.rindex("From x@y") + 20]}) / "x"
    assert read(between).texts == ["Mein Starter ist drei Jahre alt."]
    headers = folder_of(tmp_path, {"y": SENT[: SENT.index("MIME") + 9]}) / "y"
    found = read(headers)
    assert not found.items
    assert [entry.reason for entry in found.refused] == ["is cut short, and so is the file"]


def test_letters_to_nobody_are_not_taken_for_their_sender_s(tmp_path: Path) -> None:
    shop = "Shop <shop@example.org>"
    letter = mail("News!", sender=shop, to="undisclosed-recipients:;")
    tried = mail("Is this sent?", sender=shop, to=shop)
    with pytest.raises(HistoryItemError, match="--me"):
        read(folder_of(tmp_path, {"x.mbox": mbox(letter, letter, tried)}) / "x.mbox")


def test_a_patch_is_no_mail() -> None:
    patch = f"From {'0' * 40} Mon Sep 17 00:00:00 2001\n" + mail("diff --git a/x b/x")
    assert not is_mail(patch.encode())
    assert is_mail(mbox(mail("Hello")).encode())
