"""A process that delivers what is left in a store to one web hook, until it is killed: STORE URL NOW."""

from __future__ import annotations

import sys
import threading
from datetime import datetime
from pathlib import Path

from forecasting.config import AlertSettings, SinkSettings
from forecasting.config.secrets import Secret
from forecasting.data.store import Store
from forecasting.service.delivery import AlertDelivery


def main() -> None:
    path, url, now = sys.argv[1:]
    sink = SinkSettings(name="desk", kind="webhook", url=Secret(url), timeout=30.0)
    AlertDelivery(Store.open(Path(path)), [sink], AlertSettings()).start(datetime.fromisoformat(now))
    threading.Event().wait(60)


if __name__ == "__main__":
    main()
