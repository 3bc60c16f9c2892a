// Where the tasks of one model stand in its timeline: a row for each task, or a lane for each worker with as
// many rows as it had tasks at once. Calls that bodies made lie below what made them.
import { bisector } from "d3-array";

import { kindOf, Measurement } from "../results";
import { callsOf, rowsOfNested } from "./nested";

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
    /** Of a call that a body made: which other call, or its task. `queued` is then when it was made. */
    maker: Task | null;
    /** Of such a call, which of its task's. */
    number: number;
    /** Among all of them: that of what made a call is lower. */
    place: number;
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
    /** Calls that bodies made; those without a record are not among them. */
    callsSeen: number;
    callCount: number;
    waitsKnown: boolean;
    workerNames: string[];
    end: number;
    /** Tasks of a row, in the order of their starts. */
    rows: Task[][];
    lanes: Lane[];
}

export type Arrangement = "task" | "worker";

/** Those of the parts of one task overlap. */
export function united(spans: Span[]): Span[] {
    const sorted = spans.sort((a, b) => a.from - b.from);
    const made: Span[] = [];
    sorted.forEach((each) => {
        const last = made[made.length - 1];
        if (last !== undefined && each.from <= last.to) last.to = Math.max(last.to, each.to);
        else made.push({ from: each.from, to: each.to });
    });
    return made;
}

/** And the calls of their bodies, behind them. */
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
        maker: null,
        number: 0,
        place,
    }));
    records.failed.forEach((place) => { tasks[place]!.failed = true; });
    const calls = callsOf(records, tasks, since);
    records.wait_task.forEach((place, wait) => {
        const within = records.wait_nested?.[wait] ?? 0;
        const of = within > 0 ? calls[within - 1]! : tasks[place]!;
        of.waits.push({ from: since(records.wait_began[wait]!), to: since(records.wait_ended[wait]!) });
    });
    const all = tasks.concat(calls);
    all.forEach((each) => { each.waits = united(each.waits); });
    return all;
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

/** Each task and the calls of its body. */
function groupsOf(tasks: Task[], calls: Task[]): Task[][] {
    const groups = tasks.map((each) => [each]);
    const groupOf = groups.slice();
    calls.forEach((each) => {
        const group = groupOf[each.maker!.place]!;
        group.push(each);
        groupOf.push(group);
    });
    return groups;
}

export function panelOf(of: Measurement, arrangement: Arrangement): Panel {
    const all = tasksOf(of);
    const tasks = all.slice(0, of.records.started.length);
    const calls = all.slice(tasks.length);
    const kind = kindOf(of.spec);
    const made: Panel = {
        spec: of.spec,
        kind,
        tasksSeen: Math.max(of.records.tasks_seen, tasks.length),
        taskCount: tasks.length,
        callsSeen: Math.max(of.records.nested_seen ?? 0, calls.length),
        callCount: calls.length,
        waitsKnown: of.records.waits_known,
        workerNames: of.records.worker_names ?? [],
        end: all.reduce((end, each) => Math.max(end, each.finished), 0),
        rows: [],
        lanes: [],
    };
    if (arrangement === "task") {
        const groups = groupsOf(tasks, calls);
        groups.sort((a, b) => a[0]!.call - b[0]!.call || a[0]!.index - b[0]!.index);
        groups.forEach((group) => (group.length > 1 ? rowsOfNested(group) : [group]).forEach((row) => made.rows.push(row)));
        made.lanes = [{ name: "", first: 0, rows: made.rows.length }];
        return made;
    }
    all.sort((a, b) => a.worker - b.worker || a.started - b.started);
    for (let begin = 0; begin < all.length;) {
        const worker = all[begin]!.worker;
        let end = begin;
        while (end < all.length && all[end]!.worker === worker) ++end;
        const ofWorker = all.slice(begin, end);
        const rows = ofWorker.some((each) => each.maker !== null) ? rowsOfNested(ofWorker) : stacked(ofWorker);
        made.lanes.push({ name: workerName(kind, worker, made.workerNames), first: made.rows.length, rows: rows.length });
        rows.forEach((row) => made.rows.push(row));
        begin = end;
    }
    return made;
}
