// Where the tasks of one model stand in its timeline: a row for each task, or a lane for each worker with as
// many rows as it had tasks at once.
import { bisector } from "d3-array";

import { kindOf, Measurement } from "../results";

/** From one time to another, in seconds since the first task was queued. */
export interface Span {
    from: number;
    to: number;
}

export interface Task {
    call: number;
    index: number;
    worker: number;
    queued: number;
    started: number;
    finished: number;
    failed: boolean;
    /** Ascending, none over another. */
    waits: Span[];
}

export interface Lane {
    name: string;
    first: number;
    rows: number;
}

export interface Panel {
    spec: string;
    kind: string;
    /** Tasks that left no record are not among them. */
    tasksSeen: number;
    taskCount: number;
    waitsKnown: boolean;
    workerNames: string[];
    end: number;
    /** Tasks of a row, in the order of their starts. */
    rows: Task[][];
    lanes: Lane[];
}

export type Arrangement = "task" | "worker";

/** Those of the parts of one task overlap. */
function united(spans: Span[]): Span[] {
    const sorted = spans.sort((a, b) => a.from - b.from);
    const made: Span[] = [];
    sorted.forEach((each) => {
        const last = made[made.length - 1];
        if (last !== undefined && each.from <= last.to) last.to = Math.max(last.to, each.to);
        else made.push({ from: each.from, to: each.to });
    });
    return made;
}

function tasksOf(of: Measurement): Task[] {
    const records = of.records;
    if (records.started.length === 0) return [];
    let origin = records.queued[0]!;
    records.queued.forEach((each) => { origin = Math.min(origin, each); });
    const since = (time: number) => (time - origin) * 1e-9;
    const tasks = records.started.map((started, place): Task => ({
        call: records.call[place]!,
        index: records.index[place]!,
        worker: records.worker[place]!,
        queued: since(records.queued[place]!),
        started: since(started),
        finished: since(Math.max(started, records.finished[place]!)),
        failed: false,
        waits: [],
    }));
    records.failed.forEach((place) => { tasks[place]!.failed = true; });
    records.wait_task.forEach((place, wait) => {
        tasks[place]!.waits.push({ from: since(records.wait_began[wait]!), to: since(records.wait_ended[wait]!) });
    });
    tasks.forEach((each) => { each.waits = united(each.waits); });
    return tasks;
}

/** `names`: of a cluster's, where each has its own. */
export function workerName(kind: string, worker: number, names?: string[]): string {
    if (names?.[worker] !== undefined) return names[worker]!;
    const of: { [kind: string]: string } = { single: "single", threads: "thread ", processes: "process ", async: "loop " };
    const name = of[kind] ?? "worker ";
    return kind === "single" ? name : name + worker;
}

interface Row {
    end: number;
    tasks: Task[];
}

/** Each into the row that has been free for longest, or a new one. */
function stacked(tasks: Task[]): Task[][] {
    const rows: Row[] = [];
    const byEnd: Row[] = [];
    const placeOf = bisector((row: Row) => row.end).right;
    tasks.forEach((task) => {
        const free = byEnd.length > 0 && byEnd[0]!.end <= task.started ? byEnd.shift() : undefined;
        const row = free ?? { end: 0, tasks: [] };
        if (free === undefined) rows.push(row);
        row.tasks.push(task);
        row.end = task.finished;
        byEnd.splice(placeOf(byEnd, row.end), 0, row);
    });
    return rows.map((each) => each.tasks);
}

export function panelOf(of: Measurement, arrangement: Arrangement): Panel {
    const tasks = tasksOf(of);
    const kind = kindOf(of.spec);
    const made: Panel = {
        spec: of.spec,
        kind,
        tasksSeen: Math.max(of.records.tasks_seen, tasks.length),
        taskCount: tasks.length,
        waitsKnown: of.records.waits_known,
        workerNames: of.records.worker_names ?? [],
        end: tasks.reduce((end, each) => Math.max(end, each.finished), 0),
        rows: [],
        lanes: [],
    };
    if (arrangement === "task") {
        tasks.sort((a, b) => a.call - b.call || a.index - b.index);
        made.rows = tasks.map((each) => [each]);
        made.lanes = [{ name: "", first: 0, rows: tasks.length }];
        return made;
    }
    tasks.sort((a, b) => a.worker - b.worker || a.started - b.started);
    for (let begin = 0; begin < tasks.length;) {
        const worker = tasks[begin]!.worker;
        let end = begin;
        while (end < tasks.length && tasks[end]!.worker === worker) ++end;
        const rows = stacked(tasks.slice(begin, end));
        made.lanes.push({ name: workerName(kind, worker, made.workerNames), first: made.rows.length, rows: rows.length });
        rows.forEach((row) => made.rows.push(row));
        begin = end;
    }
    return made;
}
