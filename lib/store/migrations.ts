/** The schema, as the steps that led to it. A released step is never edited: a change is a new step. */
import type { Database } from "better-sqlite3";
import { StoreError } from "../resilience/errors.ts";

const STEPS: readonly string[] = [
  `
  -- last_upload_at: to the minute.
  CREATE TABLE cameras(
    camera_id TEXT PRIMARY KEY,
    folder TEXT,
    first_seen_at TEXT NOT NULL,
    last_upload_at TEXT
  ) STRICT, WITHOUT ROWID;

  -- What people set while the flows run. scope: a camera's id, or '' for the whole site. value: JSON.
  CREATE TABLE settings(
    scope TEXT NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY(scope, key)
  ) STRICT, WITHOUT ROWID;

  -- baselined: once all that lay there before has been entered, whatever else comes is new.
  -- identity: device, inode and birth of the folder when it was last seen whole; another one is in its place while a drive is away.
  CREATE TABLE roots(
    root TEXT PRIMARY KEY,
    first_seen_ms INTEGER NOT NULL,
    baselined INTEGER NOT NULL DEFAULT 0 CHECK(baselined IN (0,1)),
    identity TEXT
  ) STRICT, WITHOUT ROWID;

  -- Every node that has run on this site. identity: the name by which the other tables know it, which a node that was
  -- deleted and imported again takes from the one before.
  CREATE TABLE nodes(
    node_id TEXT PRIMARY KEY,
    type TEXT NOT NULL,
    identity TEXT NOT NULL UNIQUE,
    seen_ms INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  -- The instance of each node that runs now.
  CREATE TABLE owners(
    node_id TEXT PRIMARY KEY,
    owner TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;

  -- What may take the process down, such as decoding a picture: a row is here while it is under way, and after it has.
  CREATE TABLE hazards(
    subject TEXT PRIMARY KEY,
    starts INTEGER NOT NULL,
    started_ms INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;

  -- root and path: where foscam-watch found it; a record from elsewhere has no root and an absolute path.
  -- found: it waits in its folder for its turn. suppressed_by: the node that called it a duplicate of original_id.
  -- distance: of a picture that only looked like its original, in how many of 64 bits; null where the content is the same.
  -- purged: what came of it is not kept any more; its file is there, and must not be taken for a new one.
  -- removed_at: when retention has deleted its file.
  CREATE TABLE uploads(
    upload_id TEXT PRIMARY KEY,
    camera_id TEXT,
    root TEXT,
    path TEXT NOT NULL,
    size INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL,
    sha256 TEXT,
    media_type TEXT NOT NULL CHECK(media_type IN ('image','video')),
    captured_at TEXT,
    received_at TEXT NOT NULL,
    state TEXT NOT NULL CHECK(state IN ('found','handed','rejected','duplicate','superseded','gone','skipped','baseline','purged')),
    reason TEXT,
    original_id TEXT REFERENCES uploads,
    suppressed_by TEXT,
    distance INTEGER,
    removed_at TEXT,
    UNIQUE(root, path, size, mtime_ns),
    CHECK((state = 'duplicate') = (original_id IS NOT NULL)),
    CHECK(distance IS NULL OR original_id IS NOT NULL),
    CHECK(state IN ('found','rejected','baseline','gone') OR (camera_id IS NOT NULL AND sha256 IS NOT NULL AND captured_at IS NOT NULL))
  ) STRICT;
  CREATE INDEX upload_found ON uploads(root, camera_id, mtime_ns) WHERE state = 'found';
  CREATE INDEX upload_duplicates ON uploads(original_id) WHERE original_id IS NOT NULL;

  -- duration_ms, video_codec, mime_type: of a clip.
  CREATE TABLE inspections(
    inspection_id TEXT PRIMARY KEY,
    upload_id TEXT NOT NULL REFERENCES uploads,
    node_id TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    outcome TEXT NOT NULL CHECK(outcome IN ('seen','nothing')),
    frame_width INTEGER NOT NULL,
    frame_height INTEGER NOT NULL,
    still_path TEXT,
    thumbnail_path TEXT,
    duration_ms INTEGER,
    video_codec TEXT,
    mime_type TEXT,
    detector TEXT NOT NULL,
    inference_ms REAL,
    inspected_at TEXT NOT NULL,
    UNIQUE(upload_id, node_id, sha256)
  ) STRICT;

  CREATE TABLE detections(
    detection_id TEXT PRIMARY KEY,
    inspection_id TEXT NOT NULL REFERENCES inspections ON DELETE CASCADE,
    n INTEGER NOT NULL,
    captured_at TEXT NOT NULL,
    offset_ms INTEGER NOT NULL,
    label TEXT NOT NULL,
    confidence REAL NOT NULL,
    x REAL NOT NULL,
    y REAL NOT NULL,
    width REAL NOT NULL,
    height REAL NOT NULL,
    UNIQUE(inspection_id, n)
  ) STRICT;

  -- lane: the backlog has batches of its own, so that old uploads and live ones do not close each other's.
  -- purged: it was judged, and no event of it is kept any more.
  CREATE TABLE batches(
    batch_id TEXT PRIMARY KEY,
    node_id TEXT NOT NULL,
    camera_id TEXT NOT NULL,
    lane TEXT NOT NULL CHECK(lane IN ('live','backlog')),
    state TEXT NOT NULL CHECK(state IN ('open','closed','merged','foreign','purged')),
    merged_into TEXT REFERENCES batches,
    started_at TEXT NOT NULL,
    ended_at TEXT NOT NULL,
    detection_count INTEGER NOT NULL,
    fast_path INTEGER NOT NULL CHECK(fast_path IN (0,1)),
    close_reason TEXT,
    opened_ms INTEGER NOT NULL,
    due_ms INTEGER,
    msg TEXT,
    CHECK((state = 'merged') = (merged_into IS NOT NULL)),
    CHECK((state = 'open') = (due_ms IS NOT NULL))
  ) STRICT;
  CREATE UNIQUE INDEX batch_open ON batches(node_id, camera_id, lane) WHERE state = 'open';

  CREATE INDEX batch_times ON batches(camera_id, ended_at);
  CREATE INDEX batch_merged ON batches(merged_into) WHERE merged_into IS NOT NULL;
  -- Batches of several cameras that show the same.
  CREATE TABLE incidents(
    batch_id TEXT PRIMARY KEY REFERENCES batches,
    incident_id TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;

  -- detections: those that the message had, which a user's node may have filtered.
  CREATE TABLE batch_inspections(
    node_id TEXT NOT NULL,
    inspection_id TEXT NOT NULL REFERENCES inspections,
    batch_id TEXT NOT NULL REFERENCES batches,
    detections TEXT NOT NULL,
    PRIMARY KEY(node_id, inspection_id)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX batch_members ON batch_inspections(batch_id);
  CREATE INDEX batch_memberships ON batch_inspections(inspection_id);

  -- starred: somebody wants to keep it.
  CREATE TABLE events(
    event_id TEXT PRIMARY KEY,
    batch_id TEXT NOT NULL REFERENCES batches,
    node_id TEXT NOT NULL,
    camera_id TEXT NOT NULL,
    camera_name TEXT NOT NULL,
    started_at TEXT NOT NULL,
    ended_at TEXT NOT NULL,
    revision INTEGER NOT NULL,
    final INTEGER NOT NULL CHECK(final IN (0,1)),
    risk_score INTEGER CHECK(risk_score BETWEEN 0 AND 100),
    risk_level TEXT CHECK(risk_level IN ('low','medium','high','critical')),
    analysis TEXT NOT NULL CHECK(analysis IN ('model','rules','none')),
    summary TEXT NOT NULL,
    reasoning TEXT NOT NULL,
    recommended_action TEXT,
    entities TEXT NOT NULL,
    flags TEXT NOT NULL,
    confidence REAL CHECK(confidence BETWEEN 0 AND 1),
    labels TEXT NOT NULL,
    detection_count INTEGER NOT NULL,
    fast_path INTEGER NOT NULL CHECK(fast_path IN (0,1)),
    thumbnail_path TEXT,
    picture_path TEXT,
    model TEXT,
    prompt_version TEXT,
    prompt_tokens INTEGER,
    completion_tokens INTEGER,
    cached_tokens INTEGER,
    latency_ms INTEGER,
    reviewed INTEGER NOT NULL CHECK(reviewed IN (0,1)),
    created_at TEXT NOT NULL,
    published_revision INTEGER,
    starred INTEGER NOT NULL DEFAULT 0 CHECK(starred IN (0,1)),
    UNIQUE(batch_id, node_id),
    CHECK((risk_score IS NULL) = (risk_level IS NULL)),
    CHECK((risk_score IS NULL) = (analysis = 'none'))
  ) STRICT;
  CREATE INDEX event_latest ON events(camera_id, started_at);

  -- Every judgement of an event, with what it took. revision: the one that it made of the event; null where it did not
  -- replace the verdict that there was. created_at: when it was judged.
  CREATE TABLE verdicts(
    event_id TEXT NOT NULL REFERENCES events,
    revision INTEGER,
    batch_id TEXT NOT NULL,
    node_id TEXT NOT NULL,
    camera_id TEXT NOT NULL,
    analysis TEXT NOT NULL,
    final INTEGER NOT NULL,
    risk_score INTEGER,
    risk_level TEXT,
    summary TEXT NOT NULL,
    reasoning TEXT NOT NULL,
    recommended_action TEXT,
    entities TEXT NOT NULL,
    flags TEXT NOT NULL,
    confidence REAL,
    model TEXT,
    prompt_version TEXT,
    prompt_tokens INTEGER,
    completion_tokens INTEGER,
    cached_tokens INTEGER,
    latency_ms INTEGER,
    created_at TEXT NOT NULL,
    UNIQUE(event_id, revision)
  ) STRICT;
  -- With latency_ms, so that analyses are counted without a look at the table.
  CREATE INDEX verdict_asked ON verdicts(created_at, node_id, latency_ms) WHERE latency_ms IS NOT NULL;

  -- What the newest revision of an event was judged on, as it came: a user's node may have changed it, and other batches
  -- may have been merged into it.
  CREATE TABLE judged_batches(
    event_id TEXT PRIMARY KEY REFERENCES events,
    batch TEXT NOT NULL
  ) STRICT;

  -- What a node tells its model before any event. text: as the model got it. chosen_over: what the node's form said when this
  -- version was chosen instead; it holds until the form says something else.
  CREATE TABLE prompts(
    node_id TEXT NOT NULL,
    version TEXT NOT NULL,
    household TEXT NOT NULL,
    house_rules TEXT NOT NULL,
    text TEXT NOT NULL,
    created_at TEXT NOT NULL,
    chosen_over TEXT,
    PRIMARY KEY(node_id, version)
  ) STRICT, WITHOUT ROWID;

  -- What was decided on each event. alert_id: the alert that it raised or brought up to date; of one that is suppressed, the
  -- one that it would have. stands: it is worth that alert, though a snooze may silence a later revision. sent_at: when people
  -- were last told of it with a sound. published: its node publishes.
  CREATE TABLE decisions(
    event_id TEXT NOT NULL REFERENCES events,
    node_id TEXT NOT NULL,
    alert_id TEXT NOT NULL,
    camera_id TEXT NOT NULL,
    incident_id TEXT,
    revision INTEGER NOT NULL,
    outcome TEXT NOT NULL CHECK(outcome IN ('alert','suppressed')),
    update_count INTEGER,
    state TEXT,
    rule TEXT,
    severity TEXT,
    effective_score INTEGER,
    adjustment TEXT NOT NULL,
    calibration TEXT NOT NULL,
    dedup_key TEXT,
    channels TEXT NOT NULL,
    reason TEXT NOT NULL,
    conditions TEXT NOT NULL,
    rules TEXT NOT NULL,
    created_at TEXT NOT NULL,
    decided_at TEXT NOT NULL,
    stands INTEGER NOT NULL CHECK(stands IN (0,1)),
    sent_at TEXT,
    published INTEGER NOT NULL CHECK(published IN (0,1)),
    PRIMARY KEY(event_id, node_id)
  ) STRICT;
  CREATE INDEX decision_latest ON decisions(camera_id, decided_at);
  CREATE INDEX decision_sent ON decisions(camera_id, sent_at) WHERE sent_at IS NOT NULL;
  CREATE INDEX decision_of_node ON decisions(node_id, decided_at);
  CREATE INDEX decision_alert ON decisions(alert_id);

  -- What people are told of: one row for all events of an incident. severity: the gravest that they were told. told: the
  -- channels that were, whatever later revisions of its events decided.
  CREATE TABLE alerts(
    alert_id TEXT PRIMARY KEY,
    node_id TEXT NOT NULL,
    incident_id TEXT,
    severity TEXT,
    dedup_key TEXT NOT NULL,
    state TEXT NOT NULL CHECK(state IN ('pending','delivered','acknowledged','dismissed')),
    update_count INTEGER NOT NULL,
    created_at TEXT NOT NULL,
    sent_at TEXT NOT NULL,
    told TEXT NOT NULL DEFAULT '[]'
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX alert_key ON alerts(node_id, dedup_key, sent_at);
  CREATE INDEX alert_sent ON alerts(node_id, sent_at);
  CREATE INDEX alert_incident ON alerts(incident_id, node_id) WHERE incident_id IS NOT NULL;

  -- By what risk-alert finds events to be alike.
  CREATE TABLE traits(
    event_id TEXT PRIMARY KEY REFERENCES events ON DELETE CASCADE,
    traits TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;

  -- What people say of an event: the last word holds, and outlasts the event. severity, traits: of the event as it was then.
  -- scores, thresholds: whether it counts for the scores of later events, and for the thresholds; a reset ends that.
  CREATE TABLE feedback(
    event_id TEXT PRIMARY KEY,
    camera_id TEXT NOT NULL,
    kind TEXT NOT NULL CHECK(kind IN ('false_alarm','correct','missed','wrong_severity')),
    expected_severity TEXT CHECK((expected_severity IS NOT NULL) = (kind = 'wrong_severity')),
    severity TEXT,
    notes TEXT NOT NULL,
    traits TEXT NOT NULL,
    given_at TEXT NOT NULL,
    scores INTEGER NOT NULL DEFAULT 1 CHECK(scores IN (0,1)),
    thresholds INTEGER NOT NULL DEFAULT 1 CHECK(thresholds IN (0,1))
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX feedback_latest ON feedback(camera_id, given_at);

  -- What is usual, as enrich counts it. kind: of what appears, or '' for hours that the camera was up. slot: hour of the day,
  -- and 24 more at a weekend. amount: as of at_ms; it decays.
  CREATE TABLE baseline(
    node_id TEXT NOT NULL,
    camera_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    slot INTEGER NOT NULL CHECK(slot BETWEEN 0 AND 47),
    amount REAL NOT NULL,
    at_ms INTEGER NOT NULL,
    PRIMARY KEY(node_id, camera_id, kind, slot)
  ) STRICT, WITHOUT ROWID;
  -- The hour that runs, or ran last.
  CREATE TABLE baseline_now(
    node_id TEXT NOT NULL,
    camera_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    slot INTEGER NOT NULL,
    hour_ms INTEGER NOT NULL,
    amount REAL NOT NULL,
    PRIMARY KEY(node_id, camera_id, kind)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE stays(
    node_id TEXT NOT NULL,
    camera_id TEXT NOT NULL,
    zone_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    since_ms INTEGER NOT NULL,
    until_ms INTEGER NOT NULL,
    PRIMARY KEY(node_id, camera_id, zone_id, kind)
  ) STRICT, WITHOUT ROWID;

  -- What a camera looks at when nothing is wrong, by the light and the shape of its pictures. levels: 16 bits a pixel.
  CREATE TABLE views(
    camera_id TEXT NOT NULL,
    light TEXT NOT NULL CHECK(light IN ('day','night')),
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    levels BLOB NOT NULL,
    votes INTEGER NOT NULL,
    learnt_ms INTEGER NOT NULL,
    PRIMARY KEY(camera_id, light, width, height)
  ) STRICT;
  -- What each camera's last pictures were like. blocked, moved, defocused: those in a row that differ from the view.
  -- repeats: how often the last one has come again, known by its content or by its middle, without the clock.
  CREATE TABLE watches(
    camera_id TEXT PRIMARY KEY,
    last_at TEXT NOT NULL,
    blocked INTEGER NOT NULL,
    moved INTEGER NOT NULL,
    defocused INTEGER NOT NULL,
    differs_ms INTEGER,
    repeats INTEGER NOT NULL,
    repeats_ms INTEGER NOT NULL,
    repeated_ms INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    middle TEXT NOT NULL,
    day_ms INTEGER,
    told TEXT
  ) STRICT, WITHOUT ROWID;
  -- What graphics cards have told; null: not measured.
  CREATE TABLE gpu_readings(
    reading_id INTEGER PRIMARY KEY,
    gpu_id TEXT NOT NULL,
    name TEXT NOT NULL,
    source TEXT NOT NULL CHECK(source IN ('nvidia-smi','server','simulation')),
    driver_version TEXT,
    temperature REAL,
    utilization REAL,
    memory_used REAL,
    memory_total REAL,
    power_draw REAL,
    power_limit REAL,
    fan_speed REAL,
    mig INTEGER CHECK(mig IN (0,1)),
    simulated INTEGER NOT NULL CHECK(simulated IN (0,1)),
    recorded_at TEXT NOT NULL
  ) STRICT;
  CREATE INDEX gpu_latest ON gpu_readings(gpu_id, reading_id);
  CREATE INDEX gpu_times ON gpu_readings(recorded_at);
  CREATE INDEX gpu_simulated ON gpu_readings(reading_id) WHERE simulated = 1;
  -- Who is recognised. times_seen: in so many batches.
  CREATE TABLE identities(
    identity_id TEXT PRIMARY KEY,
    kind TEXT NOT NULL CHECK(kind IN ('person','vehicle')),
    name TEXT,
    trust TEXT NOT NULL CHECK(trust IN ('trusted','untrusted','unknown')),
    first_seen_at TEXT NOT NULL,
    last_seen_at TEXT NOT NULL,
    times_seen INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX identity_named ON identities(kind, name) WHERE name IS NOT NULL;
  -- The one to be forgotten first.
  CREATE INDEX identity_use ON identities(julianday(last_seen_at) + 30 * log2(max(times_seen, 1)))
    WHERE name IS NULL AND trust = 'unknown';
  CREATE TABLE identity_cameras(
    identity_id TEXT NOT NULL REFERENCES identities ON DELETE CASCADE,
    camera_id TEXT NOT NULL,
    times_seen INTEGER NOT NULL,
    PRIMARY KEY(identity_id, camera_id)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE plates(
    plate TEXT PRIMARY KEY,
    identity_id TEXT NOT NULL REFERENCES identities ON DELETE CASCADE
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX plate_owner ON plates(identity_id);
  -- By what each is recognised, made of its appearances. vector: one byte a number.
  CREATE TABLE looks(
    identity_id TEXT NOT NULL REFERENCES identities ON DELETE CASCADE,
    model_id TEXT NOT NULL,
    vector BLOB NOT NULL,
    PRIMARY KEY(identity_id, model_id)
  ) STRICT;
  -- appearance_id: the first of the detections (JSON) that show it. similarity: to what was known then. plate: that was read.
  -- vector: null where none was made, and in all but the latest.
  CREATE TABLE appearances(
    appearance_id TEXT PRIMARY KEY,
    identity_id TEXT NOT NULL REFERENCES identities ON DELETE CASCADE,
    batch_id TEXT NOT NULL,
    camera_id TEXT NOT NULL,
    seen_at TEXT NOT NULL,
    detections TEXT NOT NULL,
    matched TEXT NOT NULL,
    similarity REAL,
    plate TEXT,
    model_id TEXT,
    vector BLOB,
    role TEXT NOT NULL CHECK(role IN ('enrolled','sure','seen'))
  ) STRICT;
  CREATE INDEX appearance_batch ON appearances(batch_id, identity_id);
  CREATE INDEX appearance_latest ON appearances(identity_id, seen_at);

  -- One row per message a node has taken: job, retry schedule, dead letter and, when done, the receipt. Each index costs a
  -- page of the log at receipt and at settlement, so there are only those that picking needs.
  -- source: the watched root that an upload came from, for back-pressure. faults: failures that the job itself owns.
  -- parked: a program that a queued job needs is not on this machine. However many there are, they are in nobody's way.
  CREATE TABLE work(
    job_id INTEGER PRIMARY KEY,
    node_id TEXT NOT NULL,
    stage TEXT NOT NULL,
    key TEXT NOT NULL,
    subject_id TEXT,
    camera_id TEXT NOT NULL DEFAULT '',
    source TEXT,
    priority INTEGER NOT NULL,
    state TEXT NOT NULL CHECK(state IN ('queued','done','dead','refused','discarded')),
    attempts INTEGER NOT NULL DEFAULT 0,
    faults INTEGER NOT NULL DEFAULT 0,
    next_ms INTEGER NOT NULL DEFAULT 0,
    parked INTEGER NOT NULL DEFAULT 0 CHECK(parked IN (0,1)),
    code TEXT,
    error TEXT,
    msg TEXT,
    created_ms INTEGER NOT NULL,
    settled_ms INTEGER,
    UNIQUE(node_id, key),
    CHECK(state NOT IN ('queued','dead') OR msg IS NOT NULL)
  ) STRICT;
  CREATE INDEX work_pick ON work(node_id, parked, priority DESC, camera_id, job_id) WHERE state = 'queued';
  CREATE INDEX work_source ON work(source, node_id, parked) WHERE state = 'queued' AND source IS NOT NULL;
  CREATE INDEX work_dead ON work(node_id) WHERE state = 'dead';

  -- A message on its way to the next Vigil node: in the air until a node has taken it. Unclaimed: the wiring left it open.
  CREATE TABLE handovers(
    handover_id TEXT PRIMARY KEY,
    node_id TEXT NOT NULL,
    port INTEGER NOT NULL,
    kind TEXT NOT NULL,
    subject_id TEXT NOT NULL,
    state TEXT NOT NULL CHECK(state IN ('air','taken','unclaimed','discarded')),
    msg TEXT,
    created_ms INTEGER NOT NULL,
    minutes_up INTEGER NOT NULL DEFAULT 0,
    answered_ms INTEGER,
    CHECK(state <> 'air' OR msg IS NOT NULL)
  ) STRICT;
  CREATE INDEX handover_state ON handovers(state, node_id);
  CREATE INDEX handover_unclaimed ON handovers(subject_id) WHERE state = 'unclaimed';
  CREATE INDEX handover_left ON handovers(node_id) WHERE state = 'unclaimed' AND minutes_up > 0 AND msg IS NOT NULL;

  CREATE TABLE outbox(
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    subject_id TEXT NOT NULL,
    revision INTEGER NOT NULL,
    payload TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    UNIQUE(kind, subject_id, revision)
  ) STRICT;

  -- hash: what the picture looks like, where the node asks for that.
  CREATE TABLE claims(
    node_id TEXT NOT NULL,
    camera_id TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    upload_id TEXT NOT NULL,
    received_ms INTEGER NOT NULL,
    hash TEXT,
    PRIMARY KEY(node_id, camera_id, sha256)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX claim_age ON claims(received_ms);
  CREATE INDEX claim_looks ON claims(node_id, camera_id, received_ms) WHERE hash IS NOT NULL;

  -- Files that retention is about to delete, or has deleted, and whose rows are yet to follow.
  CREATE TABLE doomed_files(
    kind TEXT NOT NULL CHECK(kind IN ('original','inbox','still','thumbnail','picture')),
    id TEXT NOT NULL,
    PRIMARY KEY(kind, id)
  ) STRICT, WITHOUT ROWID;

  -- The last run of each node. result: null while it runs, and after it was cut off.
  CREATE TABLE retention_runs(
    node_id TEXT PRIMARY KEY,
    started_at TEXT NOT NULL,
    result TEXT
  ) STRICT, WITHOUT ROWID;

  -- What became of every upload; LOST must never appear.
  CREATE VIEW account AS
    SELECT u.upload_id, CASE
      WHEN u.state = 'found' THEN 'waiting'
      WHEN u.state <> 'handed' THEN u.state
      WHEN w.working THEN 'working'
      WHEN i.upload_id IS NOT NULL THEN 'inspected'
      WHEN w.dead THEN 'dead'
      WHEN h.air THEN 'air'
      WHEN h.unclaimed THEN 'left'
      WHEN h.discarded THEN 'discarded'
      ELSE 'LOST' END AS what
    FROM uploads u
    LEFT JOIN (SELECT DISTINCT upload_id FROM inspections) i USING(upload_id)
    LEFT JOIN (
      SELECT subject_id, max(state = 'queued' AND stage = 'detect') AS working,
        max(state IN ('dead', 'refused', 'discarded')) AS dead
      FROM work WHERE state <> 'done' GROUP BY subject_id) w ON w.subject_id = u.upload_id
    LEFT JOIN (
      SELECT subject_id, max(state = 'air') AS air, max(state = 'unclaimed') AS unclaimed,
        max(state = 'discarded') AS discarded
      FROM handovers WHERE kind = 'upload' GROUP BY subject_id) h ON h.subject_id = u.upload_id;
  `,
];

/** The `user_version` that this code writes. */
export const SCHEMA_VERSION = STEPS.length;

/**
 * Brings a database to this version's schema, each step in a transaction of its own.
 * Throws a StoreError `STORE_NEWER` where a newer Vigil has written it.
 */
export function migrate(db: Database): void {
  const found = Number(db.pragma("user_version", { simple: true }));
  if (found > SCHEMA_VERSION) {
    throw new StoreError(
      "STORE_NEWER",
      `The database has schema ${found}, and this version of Vigil knows up to ${SCHEMA_VERSION}: install the newer Vigil again, or name another data folder`,
    );
  }
  for (const [index, step] of STEPS.entries()) {
    if (index < found) continue;
    db.transaction(() => {
      db.exec(step);
      db.pragma(`user_version = ${index + 1}`);
    })();
  }
}
