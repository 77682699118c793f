"""The work of media-floor.ts as one would write it in Python: Pillow, hashlib and sqlite3. Driven as `Rival` says.

Arguments: a folder for what it writes, `threads` or `processes`, and how many of them.
"""

import hashlib
import io
import json
import os
import resource
import sqlite3
import sys
import threading
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

from PIL import Image, ImageDraw

FOLDER, MODE, COUNT = sys.argv[1], sys.argv[2], int(sys.argv[3])
SIZE = (320, 240)
PERSON = (200, 100, 280, 260)

local = threading.local()


def connection():
    if not hasattr(local, "db"):
        local.db = sqlite3.connect(os.path.join(FOLDER, "floor.db"), timeout=60)
        local.db.execute("PRAGMA journal_mode = WAL")
        local.db.execute("PRAGMA synchronous = NORMAL")
    return local.db


def work(path):
    with open(path, "rb") as file:
        data = file.read()
    sha256 = hashlib.sha256(data).hexdigest()
    Image.open(io.BytesIO(data)).verify()
    picture = Image.open(io.BytesIO(data))
    picture.load()
    ImageDraw.Draw(picture).rectangle(PERSON, outline="#E74856", width=18)
    picture.thumbnail(SIZE)
    padded = Image.new("RGB", SIZE)
    padded.paste(picture, ((SIZE[0] - picture.width) // 2, (SIZE[1] - picture.height) // 2))
    thumbnail = os.path.join(FOLDER, os.path.basename(path))
    padded.save(thumbnail, "JPEG", quality=85)
    with connection() as db:
        db.execute("INSERT INTO pictures VALUES(?, ?, ?)", (sha256, path, thumbnail))


def cpu_seconds():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


os.makedirs(FOLDER, exist_ok=True)
connection().execute("CREATE TABLE pictures(sha256 TEXT NOT NULL, path TEXT NOT NULL, thumbnail TEXT NOT NULL)")
with (ThreadPoolExecutor if MODE == "threads" else ProcessPoolExecutor)(COUNT) as pool:
    for line in sys.stdin:
        paths = json.loads(line)
        began, cpu = time.monotonic(), cpu_seconds()
        list(pool.map(work, paths))
        used = cpu_seconds() - cpu if MODE == "threads" else None
        print(json.dumps({"seconds": time.monotonic() - began, "cpu_seconds": used}), flush=True)
