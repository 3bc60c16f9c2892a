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
