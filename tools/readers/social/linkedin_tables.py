"""The tables of LinkedIn's data that are read, and what a row of each says."""

from collections.abc import Mapping

_COLUMNS: dict[str, set[str]] = {
    "messages": {"CONVERSATION ID", "FROM", "DATE", "CONTENT"},
    "posts": {"Date", "ShareLink", "ShareCommentary"},
    "comments": {"Date", "Link", "Message"},
    "reactions": {"Date", "Type", "Link"},
    "profile": {"First Name", "Last Name", "Headline", "Summary"},
    "positions": {"Company Name", "Title", "Started On"},
    "education": {"School Name", "Degree Name"},
    "searches": {"Time", "Search Query"},
    "follows": {"Organization", "Followed On"},
    "languages": {"Name", "Proficiency"},
    "certificates": {"Name", "Authority", "Started On"},
    "applications": {"Application Date", "Company Name", "Job Title"},
    "projects": {"Title", "Description", "Started On", "Finished On"},
    "volunteering": {"Company Name", "Role", "Cause"},
}
"""The tables, and the columns by which each is known; LinkedIn names them in English."""
_ALONE = ("comments", "reactions", "searches", "follows", "languages")
"""Those that have no other columns; with others, the table is somebody else's."""
SENTENCES = {
    "positions": "works or worked as {Title} at {Company Name}{span}: {Description}",
    "education": "studied at {School Name}{span}: {Degree Name}",
    "follows": "follows {Organization}",
    "languages": "speaks {Name}: {Proficiency}",
    "certificates": "has the certificate {Name} of {Authority}{span}",
    "applications": "applied for a job as {Job Title} at {Company Name}",
    "projects": "project {Title}{span}: {Description}",
    "volunteering": "volunteered as {Role} at {Company Name}: {Description}",
    "searches": "{Search Query}",
}


def kind_of(columns: set[str]) -> str:
    """Return which table has such columns; empty: none that is read."""
    return next(
        (
            kind
            for kind, needed in _COLUMNS.items()
            if needed <= columns and (kind not in _ALONE or needed == columns)
        ),
        "",
    )


def sentence(kind: str, cells: Mapping[str, str]) -> str:
    """Return what a row of a table says of the user."""
    begun, ended = (
        cells.get("Started On", cells.get("Start Date", "")),
        cells.get("Finished On", ""),
    )
    ended = ended or cells.get("End Date", "")
    span = f" ({begun.strip()} to {ended.strip() or 'today'})" if begun.strip() else ""
    filled = SENTENCES[kind].format_map(
        {name: cell.strip() for name, cell in cells.items()} | {"span": span}
    )
    return filled.strip().removesuffix(":").strip()
