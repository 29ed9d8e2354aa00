"""How the proxy itself says that something went wrong: as OpenAI's own API does."""

from fastapi.responses import JSONResponse

from guided_profile.apps.server.access.problems import RefusedError


class ProxyError(RefusedError):
    """A request that is refused; chat front ends show `error.message`."""

    def response(self) -> JSONResponse:
        """Return the answer that says what went wrong."""
        kind = "server_error" if self.status >= 500 else "invalid_request_error"
        said = {"message": self.message, "type": kind, "param": None, "code": self.error}
        why = {"X-Guided-Profile": f"refused; why={self.error.replace('_', '-')}"}
        return JSONResponse({"error": said}, self.status, headers=why | self._headers)
