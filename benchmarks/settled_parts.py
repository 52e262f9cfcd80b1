"""What settling is measured with: a durable PostgreSQL, a founded bank, two server processes, and pushes signed before.

The pushes are made before the clock starts, so that the load generator costs as little as it can on the same machine.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import msgspec
import psycopg
import psutil

from core.sync.messages import PushAnswer
from core.sync.requests import SIGNATURE_HEADER, sign_request
from core.sync.messages import Push
from counterfoil.embedded_postgres import EmbeddedPostgres
from tests.sync_server.centre_bank import CentreBank, Desk, found_bank
