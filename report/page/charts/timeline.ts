// The timeline: what each task did and when, for every model under one time axis.
import { bottomAxis, between, gridLines } from "../axis";
import { Arrangement, Panel, panelOf, Task } from "./lanes";
import { Measurement } from "../results";
import { Drawing, hint, label, tag, usualWidth } from "../svg";
import { count, seconds } from "../text";

/** What is seen of a panel: a part of its time and of its rows, and the pixels it is drawn on. */
export interface View {
    from: number;
    to: number;
    firstRow: number;
    lastRow: number;
    left: number;
    top: number;
    width: number;
    height: number;
}

export type Look = "queued" | "running" | "nested" | "waiting" | "failed";

export interface Brush {
    (look: Look, x: number, y: number, width: number, height: number): void;
}

/** Rows that lie on the same pixel show one of them. */
function strideOf(view: View): number {
    const rows = view.lastRow - view.firstRow;
    return Math.max(1, Math.ceil(rows / Math.max(1, view.height)));
}

function firstVisible(row: Task[], from: number): number {
    let low = 0;
    let high = row.length;
    while (low < high) {
        const middle = (low + high) >> 1;
        if (row[middle]!.finished < from) low = middle + 1;
        else high = middle;
    }
    return low;
}

function paintTask(task: Task, x: (time: number) => number, y: number, height: number, queue: boolean, brush: Brush): void {
    const begin = x(task.started);
    const room = x(task.finished) - begin;
    const end = begin + Math.max(1, task.maker !== null && room > 3 ? room - 0.7 : room); // one call is told from the next
    if (queue && task.maker === null) {
        const thin = Math.max(0.3, Math.min(1.5, height * 0.15));
        brush("queued", x(task.queued), y + (height - thin) / 2, begin - x(task.queued), thin);
    }
    brush(task.failed ? "failed" : task.maker === null ? "running" : "nested", begin, y, end - begin, height);
    const inner = height * (height > 6 ? 0.18 : 0.25); // of thin ones more must stay, or they are too pale
    task.waits.forEach((wait) => {
        const width = x(wait.to) - x(wait.from);
        if (width > 0.3) brush("waiting", x(wait.from), y + inner, width, height - 2 * inner);
    });
}

/** Tasks that are too short to be seen apart make one bar. */
export function paint(panel: Panel, arrangement: Arrangement, view: View, brush: Brush): void {
    const scale = view.width / (view.to - view.from);
    const x = (time: number) => Math.max(view.left - 2, Math.min(view.left + view.width + 2, view.left + (time - view.from) * scale));
    const pitch = view.height / (view.lastRow - view.firstRow);
    const stride = strideOf(view);
    const thick = Math.max(1, pitch * stride > 4 ? pitch * stride - 1 : pitch * stride);
    const first = Math.max(0, Math.floor(view.firstRow / stride) * stride);
    for (let row = first; row < Math.min(panel.rows.length, view.lastRow); row += stride) {
        const tasks = panel.rows[row]!;
        const y = view.top + (row - view.firstRow) * pitch;
        let drawn = -1;
        for (let place = firstVisible(tasks, view.from); place < tasks.length; ++place) {
            const task = tasks[place]!;
            if ((task.maker === null ? task.queued : task.started) > view.to) break;
            const end = Math.round(x(task.finished));
            if (end === drawn) continue;
            drawn = end;
            paintTask(task, x, y, thick, arrangement === "task", brush);
        }
    }
}

/** The task there, if any. */
export function taskAt(panel: Panel, arrangement: Arrangement, view: View, x: number, y: number): Task | null {
    const time = view.from + ((x - view.left) / view.width) * (view.to - view.from);
    const stride = strideOf(view);
    const exact = view.firstRow + ((y - view.top) / view.height) * (view.lastRow - view.firstRow);
    const row = Math.floor(exact / stride) * stride;
    const tasks = panel.rows[row];
    if (tasks === undefined) return null;
    const pixel = (view.to - view.from) / view.width;
    for (let place = firstVisible(tasks, time - pixel); place < tasks.length; ++place) {
        const task = tasks[place]!;
        const begin = arrangement === "task" && task.maker === null ? task.queued : task.started;
        if (begin - pixel > time) break;
        if (time <= task.finished + pixel) return task;
    }
    return null;
}

export function panelsOf(measurements: Measurement[], arrangement: Arrangement): Panel[] {
    return measurements.map((each) => panelOf(each, arrangement)).filter((each) => each.taskCount > 0);
}

export function endOf(panels: Panel[]): number {
    return panels.reduce((end, each) => Math.max(end, each.end), 0);
}

/** "26 tasks", "10 000 of 200 000 tasks", "1 task, 63 of 630 calls of bodies". */
export function countText(panel: Panel): string {
    const of = (shown: number, seen: number, what: string, plural: string) =>
        (seen > shown ? `${count(shown)} of ${count(seen)} ` : `${count(seen)} `) + (seen === 1 ? what : plural);
    const tasks = of(panel.taskCount, panel.tasksSeen, "task", "tasks");
    return panel.callsSeen > 0 ? `${tasks}, ${of(panel.callCount, panel.callsSeen, "call of a body", "calls of bodies")}` : tasks;
}

export function heightOf(panel: Panel, arrangement: Arrangement): number {
    const row = arrangement === "task" ? 9 : 18;
    return Math.max(24, Math.min(200, panel.rows.length * row));
}

/** As a picture that does not move. */
export function drawTimeline(workload: string, measurements: Measurement[], arrangement: Arrangement, width = usualWidth): Drawing | null {
    const panels = panelsOf(measurements, arrangement);
    if (panels.length === 0) return null;
    const longest = panels.reduce((most, panel) => panel.lanes.reduce((of, lane) => Math.max(of, lane.name.length), most), 0);
    const left = arrangement === "worker" ? Math.min(width / 3, Math.max(84, 24 + 6.5 * longest)) : 16;
    const right = width - 16;
    const end = endOf(panels) * 1.01;
    const x = between(0, end, left, right);
    const ticks = x.ticks(8);
    let top = 8;
    let bars = "";
    panels.forEach((panel) => {
        const height = heightOf(panel, arrangement);
        bars += label(16, top + 14, panel.spec, { class: "heading" });
        bars += label(right, top + 14, `${countText(panel)}, done after ${seconds(panel.end)}`, { class: "tick", "text-anchor": "end" });
        top += 22;
        const view = { from: 0, to: end, firstRow: 0, lastRow: panel.rows.length, left, top, width: right - left, height };
        let marks = "";
        paint(panel, arrangement, view, (look, atX, atY, wide, high) => {
            if (wide > 0) marks += tag("rect", { class: look, x: atX, y: atY, width: wide, height: high });
        });
        bars += tag("rect", { class: "ground", x: left, y: top, width: right - left, height }) + gridLines(x, ticks, top, top + height);
        bars += tag("g", { class: "mark " + panel.kind, "data-spec": panel.spec, "data-value": String(panel.end) },
            hint(`${panel.spec}: ${countText(panel)}, done after ${seconds(panel.end)}`) + marks);
        if (arrangement === "worker" && height / panel.lanes.length >= 10) {
            panel.lanes.forEach((lane) => {
                const middle = top + ((lane.first + lane.rows / 2) / panel.rows.length) * height;
                bars += label(left - 8, middle + 4, lane.name, { class: "tick", "text-anchor": "end" });
            });
        }
        top += height + 14;
    });
    const what = arrangement === "task" ? "a row for each task, over time; a line: queued, " : "a lane for each worker, over time; ";
    const waitsKnown = measurements.every((each) => each.records.waits_known);
    const calls = panels.some((each) => each.callCount > 0) ? "; below: calls of bodies" : "";
    const axis = { scale: x, ticks, format: seconds, title: what + (waitsKnown ? "full: running, pale: waiting" : "full: running or waiting") + calls };
    return {
        title: `${workload}: what every task did`,
        width,
        height: top + 44,
        content: bars + bottomAxis(axis, top, top),
    };
}
