"""
title: Guided Profile
description: Names the user to the Guided Profile endpoint, which makes the chat personal.
version: 0.1.0
required_open_webui_version: 0.6.0
"""

# A filter function for Open WebUI, for where its environment cannot be changed: paste it in under
# Admin Panel > Functions, and switch it on for all models or for those of the endpoint alone.

from typing import Any

from pydantic import BaseModel, Field


class Filter:
    """Puts the user's id into each request, where `guided-profile proxy` looks for it."""

    class Valves(BaseModel):
        """What an admin may set."""

        models: str = Field(
            default="",
            description="The models that are personal, with commas between; empty: all of them. "
            "A provider other than Guided Profile's endpoint gets the id too.",
        )

    def __init__(self) -> None:
        self.valves = self.Valves()

    def inlet(self, body: dict[str, Any], __user__: dict[str, Any] | None = None) -> dict[str, Any]:
        """Change a request before it is sent."""
        for named in ("safety_identifier", "user"):  # nobody names another user
            body.pop(named, None)
        personal = [name.strip() for name in self.valves.models.split(",") if name.strip()]
        if __user__ and __user__.get("id") and (not personal or body.get("model") in personal):
            body["safety_identifier"] = str(__user__["id"])[:64]
        return body
