"""The record of a theme's clip that was decoded once; it imports nothing heavy."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from pipeline.store.names import PlainName


class ClipPictures(BaseModel):
    """A theme's clip as pictures of the film's size, darkened and blurred: planes Y, U, V, one after another."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    pictures_file: PlainName = "pictures.yuv"
    count: int = Field(gt=0)
    width: int = Field(gt=0)
    height: int = Field(gt=0)
