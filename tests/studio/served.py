"""A studio on a real port, in a thread of the tests, and a browser that looks at it."""

from __future__ import annotations

import gc
import shutil
import socket
import threading
import time
import warnings
from dataclasses import dataclass, field
from pathlib import Path

import uvicorn

from pipeline.studio.app import create_app
from pipeline.studio.desk import Desk
from pipeline.studio.parts import Studio
from pipeline.studio.serving.security import Address

TOKEN = "a-token-of-the-tests"  # noqa: S105 - of these tests alone
BROWSER = next(
    (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None
)


@dataclass
class Served:
    """A server that can be killed and started again on the same port."""

    file: Path
    output: Path
    port: int = 0
    studio: Studio = field(init=False)

    def start(self) -> None:
        listening = socket.socket()
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(("127.0.0.1", self.port))
        listening.listen(64)
        self.port = listening.getsockname()[1]
        self.studio = Studio(Desk(self.file, self.output), output=self.output)
        app = create_app(self.studio, Address("127.0.0.1", self.port), TOKEN)
        config = uvicorn.Config(app, ws="none", log_level="critical", timeout_graceful_shutdown=0)
        self._server = uvicorn.Server(config)
        self._listening = listening
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [listening]})
        self._thread.start()
        while not self._server.started:
            time.sleep(0.01)

    def stop(self) -> None:
        self._server.force_exit = self._server.should_exit = True
        self._thread.join(20)
        self._listening.close()
        self.studio.close()
        with warnings.catch_warnings():  # files that were being sent when it was killed
            warnings.simplefilter("ignore", ResourceWarning)
            gc.collect()

    @property
    def link(self) -> str:
        return f"http://127.0.0.1:{self.port}/?token={TOKEN}"
