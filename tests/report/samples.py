"""Results to draw: of a real run, and made up ones with many tasks or hostile names."""

import copy
import json


def with_many_tasks(document, count=10_000):
    """Each measurement has so many tasks: `single` one after another, the others some at a time."""
    made = copy.deepcopy(document)
    for each in made["results"]:
        at_once = {"single": 1, "threads": 32, "processes": 2, "async": count}[each["model"]]
        started, waits = [], []
        for index in range(count):
            begin = index // at_once * 1_000_000 + index % at_once * 3000
            started.append(begin)
            waits.append((begin + 100_000, begin + 900_000))
        each["tasks"] = count
        each["records"] = {
            "round": 0, "tasks_seen": count, "call": [0] * count, "index": list(range(count)),
            "worker": [index % (at_once if at_once < count else 1) for index in range(count)],
            "queued": [0] * count, "started": started, "finished": [begin + 1_000_000 for begin in started],
            "failed": [7], "waits_known": True, "wait_task": list(range(count)),
            "wait_began": [begin for begin, _ in waits], "wait_ended": [end for _, end in waits]}
    return made


class Recursion:
    """Columns of calls that one task makes: each makes two, and on the workers of a pool another one takes the first of all."""

    LENGTH, STEP = 64_000_000, 100_000

    def __init__(self, on_loop, workers, depth):
        self.on_loop, self.workers = on_loop, workers
        self.rows = {name: [] for name in ("task", "parent", "worker", "made", "started", "finished")}
        self.waits = []  # from when to when, and of which call
        self.split(0, 0, 0, self.LENGTH, depth)

    def split(self, parent, worker, begin, end, depth):
        step = self.STEP
        if self.on_loop:
            self.waits.append((begin + step, end - step, parent))
        if depth == 0:
            return
        middle = (begin + end) // 2
        at_once = parent == 0 and self.workers > 1
        for half in range(2):
            if self.on_loop:
                after = step * (2 + half * (5 if depth > 1 else 1))  # nothing else runs then
                place = begin + after, end - after
            elif at_once:
                place = begin + step, end - step
            else:
                place = (begin + step, middle) if half == 0 else (middle, end - step)
            self.call(parent, 1 if at_once and half == 0 else worker, begin + step // 2, *place, depth)

    def call(self, parent, worker, made, begin, end, depth):
        for name, value in zip(self.rows, (0, parent, worker, made, begin, end)):
            self.rows[name].append(value)
        self.split(len(self.rows["task"]), worker, begin, end, depth - 1)


def with_nested_calls(document, depth=6):
    """Each measurement has one task, whose body splits its work. There were ten times as many calls as left a record."""
    made = copy.deepcopy(document)
    for each in made["results"]:
        on_loop = "async" in each["spec"]
        calls = Recursion(on_loop, 1 if on_loop or each["model"] == "single" else 2, 2 if on_loop else depth)
        each["tasks"] = 1
        each["records"] = {
            "round": 0, "tasks_seen": 1, "call": [0], "index": [0], "worker": [0], "queued": [0], "started": [0],
            "finished": [calls.LENGTH], "failed": [], "waits_known": True, "wait_task": [0] * len(calls.waits),
            "wait_began": [began for began, _, _ in calls.waits], "wait_ended": [ended for _, ended, _ in calls.waits],
            "wait_nested": [call for _, _, call in calls.waits], "nested_seen": 10 * len(calls.rows["task"]),
            **{"nested_" + name: values for name, values in calls.rows.items()}, "nested_failed": [1]}
    return made


HOSTILE = "</script><img src=x onerror=alert(1)>\"'`\u202egnp.exe\u2066\x07\x1b[31m<!--${1}&amp;\ud7ff"


def with_hostile_texts(document):
    made = copy.deepcopy(document)
    made["settings"]["command"] = HOSTILE
    made["machine"]["cpu_model"] = HOSTILE
    made["conditions"]["warnings"] = [HOSTILE]
    for each in made["results"]:
        each["workload"] = HOSTILE
        each["failed"] = 1
        each["failures"] = ["task 0: " + HOSTILE]
        each["verification"] = HOSTILE
        each["warnings"] = [HOSTILE]
    return made


def save(document, file):
    file.write_text(json.dumps(document))
    return file
