"""Everything that can go wrong, as one tree.

GuidedProfileError
├── InputError               what the caller handed in is wrong; the message says how to mend it
│   ├── QuestionError        the question, its options or the context of a run
│   ├── TaskError            a task file or a task's name
│   │   └── NoReplyError         it asks its user something, and nobody is there to reply
│   ├── HistoryItemError     a history item, or a line of a history file
│   │   └── ColumnsError         it is not sure which columns of a table hold what
│   └── DatasetError         a file of a data set, its name or an option of its builder
├── SettingsError            an environment variable or option of the installation
├── HistoryError             the history store cannot do what was asked
│   ├── EmbedderMismatchError    the store was written with another embedder
│   └── StoreInUseError          another process holds the embedded store
├── ProfilesError            the file or database of the profiles is locked, full, broken or away
├── BuildError               the profiles of many users: its workers failed, not the model
├── ClosedError              what was asked had been closed, or was closed meanwhile
├── ExperimentError          LangSmith could not be reached, or refused what it was sent
├── ModelError               the model or embeddings endpoint failed, or answered with nonsense
├── PeerError                another project's memory failed, in an evaluation
├── ServerError              a server, asked by the client of this package, did not do it
│   ├── ServerInputError         what it was sent is wrong (an InputError too)
│   ├── ServerAccessError        the key is missing or wrong, or may not do this
│   ├── ServerMissingError       there is no such thing, or not yet
│   └── ServerUnavailableError   it is not reached, or cannot do it now: try again later
└── WeightsError             the weights of a local model could not be had
    ├── WeightsUnreachableError  no source of them answered
    ├── WeightsDigestError       what came is not what was asked for
    └── DiskFullError            there is no room for them

An error never becomes an answer, a profile or a score. Messages hold no history text, so that they
may be shown, logged and traced.
"""


class GuidedProfileError(Exception):
    """The base of every error this package raises on purpose."""


class InputError(GuidedProfileError):
    """What the caller handed in is wrong."""


class QuestionError(InputError):
    """The question, its options or the context of a run are wrong."""


class TaskError(InputError):
    """A task file is wrong, or no task has that name."""


class NoReplyError(TaskError):
    """A task asks its user something, and nobody is there to reply."""


class HistoryItemError(InputError):
    """A history item, or a line of a history file, is wrong."""


class ColumnsError(HistoryItemError):
    """It is not sure which columns of a table hold what; what seems right can be confirmed."""

    def __init__(
        self,
        message: str,
        columns: dict[str, str],
        signature: str,
        examples: dict[str, str] | None = None,
    ) -> None:
        """Say it, with what seems right.

        Args:
            message: What to do.
            columns: The fields of an item, and the columns that seem to hold them.
            signature: What tables with the same columns have in common.
            examples: What the columns hold first, to be shown to the person who adds the file,
                and to nobody else.
        """
        super().__init__(message)
        self.columns = columns
        self.signature = signature
        self.examples = examples or {}

    def __reduce__(self) -> tuple[type["ColumnsError"], tuple[str, dict[str, str], str]]:
        """Return how it is made again in another process, which reads files for a server."""
        return ColumnsError, (str(self), self.columns, self.signature)


class DatasetError(InputError):
    """A file of a data set is wrong or cut short, or there is no such data set or option."""


class SettingsError(GuidedProfileError):
    """An environment variable or an option of the installation is wrong."""


class HistoryError(GuidedProfileError):
    """The history store cannot do what was asked."""


class EmbedderMismatchError(HistoryError):
    """The store was written with another embedder than the one it is opened with."""


class StoreInUseError(HistoryError):
    """Another process holds the embedded store."""


class ProfilesError(GuidedProfileError):
    """The file or database of the profiles is locked, full, broken or out of reach."""


class BuildError(GuidedProfileError):
    """What many profiles are made with failed: Ray, or its workers."""


class ClosedError(GuidedProfileError, RuntimeError):
    """What was asked had been closed, or was closed before it could answer."""


class ExperimentError(GuidedProfileError):
    """LangSmith could not be reached, or refused what it was sent."""


class ModelError(GuidedProfileError):
    """The model or embeddings endpoint failed, or answered with what cannot be an answer."""


class PeerError(GuidedProfileError):
    """Another project's memory failed while it was evaluated."""


class ServerError(GuidedProfileError):
    """A server, asked by the client of this package, did not do what it was asked."""

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        code: str = "",
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        """The HTTP status; None: there was no answer, or it had begun well."""
        self.code = code
        """The server's own word for programs, such as `bad_input`; empty: it said none."""
        self.retry_after = retry_after
        """In how many seconds it wants to be asked again; None: it did not say."""


class ServerInputError(ServerError, InputError):
    """What a server was sent is wrong."""


class ServerAccessError(ServerError):
    """A server wants a key, or another one."""


class ServerMissingError(ServerError):
    """A server has no such thing, or not yet."""


class ServerUnavailableError(ServerError):
    """A server is not reached, or cannot do what it was asked now."""


class WeightsError(GuidedProfileError):
    """The weights of a local model could not be had."""


class WeightsUnreachableError(WeightsError):
    """No source of the weights answered."""


class WeightsDigestError(WeightsError):
    """What came from a source is not the file that was asked for."""


class DiskFullError(WeightsError):
    """There is no room for the weights."""
