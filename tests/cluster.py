#!/usr/bin/env python3
"""A Spark cluster on this machine: a master and two workers, processes of their own on the loopback interface.

usage: cluster.py install         Java from Debian's packages and Spark from PyPI, where they are missing
       cluster.py start           starts the cluster and keeps it until Ctrl+C
       cluster.py test [EVENTS]   generates this many events in 4 parts, runs every query of sql/notion on a cluster of its
                                  own, compares with polars, kills a worker in the middle of a query, and stops everything
"""

import contextlib
import glob
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
import venv

PROJECT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT / "kernel"))

from common import cache, die_with_parent, linked, say  # noqa: E402

WANTED = PROJECT / "tests" / "cluster-requirements.txt"
PARTS = 4
WORKERS = 2
# The data is calibrated to so many.
EVENTS_PER_USER = 15
DAYS = ["2024-02-29", "2024-12-31"]
# For programs that live a minute: compiled once and quickly, and with one collector. Little data needs few partitions.
BRIEF = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
BRIEFLY = {"spark.driver.extraJavaOptions": BRIEF, "spark.executor.extraJavaOptions": BRIEF}
FEW_PARTITIONS = {"spark.sql.shuffle.partitions": 4, "spark.sql.files.maxPartitionBytes": "8m"}
# The one with most stages: there is time to lose a worker.
LONG = "notion/funnel.sql"


# ---- what it takes ---------------------------------------------------------------------------------------

def java():
    """The home of a Java that Spark runs on, or None."""
    homes = [os.environ.get("JAVA_HOME"), *sorted(glob.glob("/usr/lib/jvm/*"))]
    if found := shutil.which("java"):
        homes.append(str(pathlib.Path(found).resolve().parent.parent))
    for home in filter(None, homes):
        program = pathlib.Path(home, "bin", "java")
        if program.exists():
            told = subprocess.run([program, "-version"], capture_output=True, text=True).stderr
            version = re.search(r'version "(\d+)', told)
            if version and int(version.group(1)) in (17, 21):
                return home
    return None


def place():
    """Spark's own environment, the same for every clone."""
    version = re.search(r"pyspark==(\S+)", WANTED.read_text()).group(1)
    return cache() / f"pyspark-{version}"


def python():
    return place() / "bin" / "python"


def spark_home():
    return next((place() / "lib").glob("python*/site-packages/pyspark"))


def install():
    if not java():
        if not shutil.which("apt-get"):
            sys.exit("casebook: Spark needs Java 17 or 21, and there is no apt-get here: install it with conda or Homebrew")
        say("installing Java 17 from Debian's packages, about 1 minute")
        sudo = [] if os.geteuid() == 0 else ["sudo"]
        env = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        for words in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", "openjdk-17-jre-headless"]):
            if subprocess.run([*sudo, "apt-get", *words], env=env, stdout=subprocess.DEVNULL).returncode != 0:
                sys.exit("casebook: Java could not be installed")
    mark = place() / "installed"
    if not mark.exists():
        say("installing Spark (0.9 GB on disk), about 1 minute")
        venv.create(place(), with_pip=True, clear=True)
        subprocess.run([python(), "-m", "pip", "install", "-q", "--disable-pip-version-check", "-r", WANTED], check=True)
        mark.touch()


# ---- the cluster -----------------------------------------------------------------------------------------

def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def ask(port, path):
    """What a web interface of Spark's says."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
        return json.load(answer)


def environment(folder):
    """What every process of Spark's needs to know."""
    return {"JAVA_HOME": java(), "SPARK_HOME": str(spark_home()), "SPARK_LOCAL_IP": "127.0.0.1",
            "SPARK_LOCAL_DIRS": str(folder / "scratch"), "SPARK_DRIVER_MEMORY": "2g"}


class Cluster:
    """A master and its workers, each with a log in the folder."""

    def __init__(self, folder):
        self.folder = folder
        self.port, self.web = free_port(), free_port()
        self.url = f"spark://127.0.0.1:{self.port}"
        self.processes = {}

    def __enter__(self):
        try:
            self.run("master", "master.Master", "--port", self.port, "--webui-port", self.web)
            for number in range(1, WORKERS + 1):
                self.run(f"worker-{number}", "worker.Worker", "--cores", 1, "--memory", "3g", "--port", free_port(),
                         "--webui-port", free_port(), "--work-dir", self.folder / f"work-{number}", self.url)
            self.wait("the cluster", lambda: self.alive() == WORKERS, 120)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for process in self.processes.values():
            self.kill(process)

    def run(self, name, program, *words):
        env = os.environ | environment(self.folder) | {"SPARK_DAEMON_MEMORY": "512m", "SPARK_NO_DAEMONIZE": "1"}
        words = [spark_home() / "bin" / "spark-class", f"org.apache.spark.deploy.{program}", "--host", "127.0.0.1", *words]
        with open(self.log(name), "w") as log:
            # A session of its own: a worker and the executors it starts end together, as a machine's processes would.
            self.processes[name] = subprocess.Popen(
                [str(word) for word in words], env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True, preexec_fn=die_with_parent)

    def log(self, name):
        return self.folder / f"{name}.log"

    def wait(self, what, true, seconds):
        deadline = time.monotonic() + seconds
        while True:
            with contextlib.suppress(OSError):
                if true():
                    return
            for name, process in self.processes.items():
                if process.poll() not in (None, -signal.SIGKILL):
                    sys.exit(f"casebook: {name} ended:\n" + "\n".join(self.log(name).read_text().splitlines()[-20:]))
            if time.monotonic() > deadline:
                sys.exit(f"casebook: {what} took more than {seconds} s")
            time.sleep(0.1)

    def workers(self):
        return ask(self.web, "/json/")["workers"]

    def alive(self):
        return sum(worker["state"] == "ALIVE" for worker in self.workers())

    def kill(self, process):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def start():
    install()
    with tempfile.TemporaryDirectory(prefix="casebook-spark-", ignore_cleanup_errors=True) as folder:
        with Cluster(pathlib.Path(folder)) as cluster:
            print(f"{cluster.url} with {WORKERS} workers; its page: http://127.0.0.1:{cluster.web}; logs: {folder}")
            print("Ctrl+C ends it", flush=True)
            with contextlib.suppress(KeyboardInterrupt):
                signal.pause()


# ---- the test --------------------------------------------------------------------------------------------

def built(kind, name):
    """A program of this project; what it is linked with is found from then on."""
    words = ["cargo", "build", "--quiet", "--package", "casebook-cli", f"--{kind}", name, "--message-format=json"]
    told = subprocess.run(words, cwd=PROJECT, stdout=subprocess.PIPE, text=True, check=True).stdout
    program = next(message["executable"] for line in told.splitlines()
                   if (message := json.loads(line)).get("executable") and message["target"]["name"] == name)
    os.environ |= linked(next(folder / "deps" for folder in pathlib.Path(program).parents if (folder / "deps").is_dir()))
    return program


def generate(folder, events):
    """The data in parts, each by a process of its own, two at a time, the last first."""
    casebook = built("bin", "casebook")
    users = str(max(1_000, round(events / EVENTS_PER_USER)))
    words = lambda k: [casebook, "generate", "notion", "--users", users, "--format", "parquet", "--threads", "1",
                       "--part", f"{k}/{PARTS}", "--out", str(folder)]
    begin, waiting, running = time.monotonic(), list(range(1, PARTS + 1)), []
    while waiting or running:
        while waiting and len(running) < 2:
            running.append(subprocess.Popen(words(waiting.pop()), stdout=subprocess.DEVNULL))
        if running.pop(0).wait() != 0:
            sys.exit("casebook: a part could not be generated")
    seconds = time.monotonic() - begin
    subprocess.run([casebook, "doctor", folder], check=True)
    return seconds


def session(cluster, **settings):
    """A driver: this process, with its own Java beside it."""
    conf = cluster.folder / "conf"
    conf.mkdir()
    (conf / "log4j2.properties").write_text(
        "rootLogger.level = info\nrootLogger.appenderRef.file.ref = file\nappender.file.type = File\n"
        f"appender.file.name = file\nappender.file.fileName = {cluster.log('driver')}\n"
        "appender.file.layout.type = PatternLayout\nappender.file.layout.pattern = %d{HH:mm:ss} %p %c{1}: %m%n\n")
    os.environ |= environment(cluster.folder) | {"SPARK_CONF_DIR": str(conf), "PYSPARK_SUBMIT_ARGS": "--driver-memory 2g pyspark-shell"}
    from pyspark.sql import SparkSession
    builder = SparkSession.builder.master(cluster.url).appName("casebook")
    for name, value in ({
        "spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1", "spark.ui.port": free_port(),
        "spark.executor.cores": 1, "spark.executor.memory": "2g", "spark.sql.session.timeZone": "UTC",
        "spark.sql.shuffle.partitions": 8, "spark.sql.files.maxPartitionBytes": "8m", "spark.local.dir": cluster.folder / "scratch",
        "spark.ui.showConsoleProgress": "false", "spark.sql.warehouse.dir": cluster.folder / "warehouse",
    } | settings).items():
        builder = builder.config(name, str(value))
    return builder.getOrCreate()


def defaults(folder):
    """Settings for the Spark that the library starts, as an administrator would make them."""
    folder.mkdir()
    (folder / "spark-defaults.conf").write_text("".join(f"{name} {value}\n" for name, value in (BRIEFLY | FEW_PARTITIONS).items()))
    return {"SPARK_CONF_DIR": str(folder)}


def see(spark, data):
    """The study's tables, over Parquet files in a folder."""
    schema = (PROJECT / "sql/notion/schema.spark.sql").read_text().replace(":data", str(data))
    for statement in re.split(r";\n", schema):
        if re.sub(r"(?m)^--.*$", "", statement).strip():
            spark.sql(statement)


def query(name, day):
    """A query's text, as it is but for the day."""
    return (PROJECT / "sql" / name).read_text().replace(":'as_of'", f"'{day}'").strip().rstrip(";")


def rows(spark, text):
    return [list(row) for row in spark.sql(text).collect()]


def compare(what, found, expected):
    """Exactly: the same rows in the same order, no number rounded."""
    if found != expected["rows"]:
        wrong = next(((a, b) for a, b in zip(found, expected["rows"]) if a != b), (len(found), len(expected["rows"])))
        sys.exit(f"casebook: {what}: Spark says {wrong[0]}, polars says {wrong[1]}")


def without_a_worker(spark, cluster, day, expected):
    """A query whose worker is killed while it works on it."""
    held = []
    running = threading.Thread(target=lambda: held.append(rows(spark, query(LONG, day))))
    web = spark.sparkContext.uiWebUrl.rsplit(":", 1)[1]
    application = spark.sparkContext.applicationId

    def done():
        """How many tasks each worker has done."""
        found = ask(web, f"/api/v1/applications/{application}/executors")
        return {executor["id"]: executor["completedTasks"] for executor in found if executor["id"] != "driver"}

    before = done()
    running.start()
    # Each has done some of this query, so that what the dead one leaves must be done again.
    cluster.wait("a query on both workers", lambda: all(count > before[who] + 1 for who, count in done().items()), 120)
    victim = cluster.processes["worker-1"]
    print(f"worker-1 (process {victim.pid}) is killed in the middle of {LONG}", flush=True)
    cluster.kill(victim)
    if not running.is_alive():
        sys.exit("casebook: the query was over before its worker died: take more events")
    begin = time.monotonic()
    running.join(900)
    if not held:
        sys.exit("casebook: the query did not survive its worker")
    compare(f"{LONG} without a worker", held[0], expected)
    cluster.wait("the master's notice", lambda: cluster.alive() == WORKERS - 1, 120)
    lost = [line for line in cluster.log("driver").read_text().splitlines() if re.search("Lost executor|Lost task", line)]
    if not any("Lost executor" in line for line in lost):
        sys.exit("casebook: the driver does not say that it lost an executor")
    for line in lost[:3]:
        print("  driver:", line[:160])
    states = sorted(worker["state"] for worker in cluster.workers())
    print(f"  master: workers are {' and '.join(states)}; the answer came {time.monotonic() - begin:.1f} s later and is right")


def test(events):
    install()
    if pathlib.Path(sys.prefix).resolve() != place().resolve():
        # Spark's Python part lives in its own environment.
        os.execv(python(), [str(python()), __file__, "test", str(events)])
    with tempfile.TemporaryDirectory(prefix="casebook-spark-", ignore_cleanup_errors=True) as folder:
        folder = pathlib.Path(folder)
        data = folder / "data"
        took = generate(data, events)
        answers = built("example", "notion_answers")
        expected = json.loads(subprocess.run([answers, data, DAYS[1]], stdout=subprocess.PIPE, check=True).stdout)
        print(f"{expected['events']:,} events in {PARTS} parts, {took:.1f} s", flush=True)
        os.environ["SPARK_DAEMON_JAVA_OPTS"] = BRIEF
        with Cluster(folder) as cluster:
            print(f"{cluster.url}: master and {WORKERS} workers, processes "
                  + ", ".join(str(process.pid) for process in cluster.processes.values()), flush=True)
            # The library asks, through spark-sql; then this program, which can look at the work while it is done.
            words = [answers, data, "--spark", spark_home(), cluster.url, *DAYS]
            if subprocess.run(words, env=os.environ | environment(cluster.folder) | defaults(folder / "defaults"), stderr=subprocess.DEVNULL).returncode != 0:
                sys.exit("casebook: the library and Spark do not agree")
            spark = session(cluster, **BRIEFLY)
            try:
                see(spark, data)
                without_a_worker(spark, cluster, DAYS[1], expected[LONG])
            finally:
                spark.stop()
        left = [name for name, process in cluster.processes.items() if process.poll() is None]
        if left:
            sys.exit(f"casebook: still running: {', '.join(left)}")
    print("the cluster is stopped\n1 passed, 0 failed")


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # what was started is stopped then, too
    task, *words = sys.argv[1:] or [""]
    if task == "install" and not words:
        install()
    elif task == "start" and not words:
        start()
    elif task == "test" and len(words) < 2:
        test(int((words or ["10000000"])[0].replace("_", "")))
    else:
        sys.exit(__doc__.strip())


if __name__ == "__main__":
    main()
