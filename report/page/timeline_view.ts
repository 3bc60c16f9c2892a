// The timeline on the page: a canvas for each model, all under one time axis, to zoom, pan and point at.
import { select, Selection } from "d3-selection";
import { zoom, ZoomBehavior, zoomIdentity, zoomTransform, ZoomTransform } from "d3-zoom";

import { between } from "./axis";
import { Arrangement, Panel, Task, workerName } from "./charts/lanes";
import { countText, endOf, heightOf, Look, paint, panelsOf, taskAt, View } from "./charts/timeline";
import { button, element, table } from "./dom";
import { Measurement } from "./results";
import { seconds } from "./text";

const edge = 12;
const mostZoom = 2000;
const leastRow = 6; // in pixels

type Colours = { [look in Look]: string } & { ink: string; faint: string; line: string };

function coloursOf(holder: HTMLElement): Colours {
    const style = getComputedStyle(holder);
    const of = (name: string) => style.getPropertyValue("--" + name).trim();
    return { queued: of("faint"), running: of("own"), nested: of("own"), waiting: of("paper"), failed: of("bad"), ink: of("ink"), faint: of("faint"), line: of("line") };
}

function opacityOf(look: Look): number {
    return look === "waiting" ? 0.7 : look === "nested" ? 0.65 : look === "queued" ? 0.6 : 1;
}

/** Fits the canvas to the pixels it has on the screen. */
function contextOf(canvas: HTMLCanvasElement, height: number): CanvasRenderingContext2D | null {
    const dense = window.devicePixelRatio || 1;
    const width = canvas.clientWidth;
    if (canvas.width !== Math.round(width * dense)) canvas.width = Math.round(width * dense);
    if (canvas.height !== Math.round(height * dense)) canvas.height = Math.round(height * dense);
    const made = canvas.getContext("2d");
    made?.setTransform(dense, 0, 0, dense, 0, 0);
    made?.clearRect(0, 0, width, height);
    return made;
}

function shortNameOf(task: Task): string {
    return task.maker === null ? `task ${task.index}` : `call ${task.number}`;
}

function nameOf(task: Task): string {
    return task.maker === null ? shortNameOf(task) : `${shortNameOf(task)} of task ${task.index}`;
}

function wordsOf(task: Task, panel: Panel): string {
    const waited = task.waits.reduce((sum, each) => sum + each.to - each.from, 0);
    const lines = [
        `${nameOf(task)}${task.call > 0 ? " of call " + (task.call + 1) : ""}, ${workerName(panel.kind, task.worker, panel.workerNames)}${task.failed ? ": failed" : ""}`,
        `${task.maker === null ? "queued" : `made by ${shortNameOf(task.maker)}, waited`} for ${seconds(task.started - task.queued)}, began at ${seconds(task.started)}`,
        `took ${seconds(task.finished - task.started)}`,
    ];
    if (waited > 0) lines.push(`waited for ${seconds(waited)} of it`);
    return lines.join("\n");
}

interface Shown {
    panel: Panel;
    canvas: HTMLCanvasElement;
    height: number;
    behaviour: ZoomBehavior;
    transform: ZoomTransform;
}

export class TimelineView {
    readonly root: HTMLElement;
    private readonly stage = element("div");
    private readonly strip = element("canvas", { class: "axis-strip", "aria-hidden": "true" });
    private readonly tip: HTMLElement;
    private shown: Shown[] = [];
    private arrangement: Arrangement = "task";
    private readonly byTask = button("by task", () => this.arrange("task"));
    private readonly byWorker = button("by worker", () => this.arrange("worker"));
    private end = 1;
    private waiting = false;

    constructor(readonly workload: string, private readonly measurements: Measurement[], tip: HTMLElement) {
        this.tip = tip;
        this.root = element("figure", { class: "timeline interactive" },
            element("figcaption", {}, `${workload}: what every task did`), this.toolbar(), legend(measurements), this.stage, this.strip, this.tableBehind());
        new ResizeObserver(() => this.fit()).observe(this.stage);
        this.arrange("task");
    }

    /** With the arrangement and the part of another that shows the same workload. */
    seeAs(other: TimelineView | undefined): void {
        if (!other) return;
        if (other.arrangement !== this.arrangement) this.arrange(other.arrangement);
        const seen = other.shown[0]?.transform;
        if (seen) this.onFirst((canvas, behaviour) => behaviour.transform(canvas, seen));
    }

    /** Draws at the next frame; as often as one likes. */
    redraw(): void {
        if (this.waiting) return;
        this.waiting = true;
        requestAnimationFrame(() => {
            this.waiting = false;
            this.draw();
        });
    }

    private toolbar(): HTMLElement {
        const scaleBy = (factor: number) => this.onFirst((canvas, behaviour) => behaviour.scaleBy(canvas, factor));
        return element("div", { class: "tools" }, this.byTask, this.byWorker,
            button("zoom in", () => scaleBy(2)), button("zoom out", () => scaleBy(0.5)),
            button("all", () => this.onFirst((canvas, behaviour) => behaviour.transform(canvas, zoomIdentity))));
    }

    private onFirst(action: (canvas: Selection, behaviour: ZoomBehavior) => void): void {
        const first = this.shown[0];
        if (first) action(select(first.canvas), first.behaviour);
    }

    private arrange(how: Arrangement): void {
        this.arrangement = how;
        this.byTask.setAttribute("aria-pressed", String(how === "task"));
        this.byWorker.setAttribute("aria-pressed", String(how === "worker"));
        const panels = panelsOf(this.measurements, how);
        this.end = endOf(panels) * 1.01 || 1;
        this.stage.replaceChildren();
        this.shown = panels.map((panel) => this.show(panel));
        this.fit();
    }

    private show(panel: Panel): Shown {
        const height = heightOf(panel, this.arrangement);
        const words = `${countText(panel)}, done after ${seconds(panel.end)}`;
        const canvas = element("canvas", {
            tabindex: "0", role: "img", style: `height: ${height}px`,
            "aria-label": `${panel.spec}: ${words}. Arrow keys move, plus and minus zoom.`,
        });
        const heading = element("div", { class: "panel " + panel.kind }, element("b", {}, panel.spec), element("span", { class: "faint" }, words));
        this.stage.append(element("div", { class: panel.kind }, heading, canvas));
        const behaviour = zoom().scaleExtent([1, mostZoom]);
        const shown: Shown = { panel, canvas, height, behaviour, transform: zoomIdentity };
        select(canvas).call(behaviour.on("zoom", () => this.zoomed(shown)));
        canvas.addEventListener("pointermove", (event) => this.pointAt(shown, event));
        canvas.addEventListener("pointerleave", () => { this.tip.hidden = true; });
        canvas.addEventListener("keydown", (event) => this.typed(shown, event));
        return shown;
    }

    private fit(): void {
        for (const each of this.shown) {
            each.behaviour.translateExtent([[0, 0], [Math.max(1, each.canvas.clientWidth), each.height]]);
        }
        this.redraw();
    }

    /** All canvases show the same part of the time, and of their rows. */
    private zoomed(moved: Shown): void {
        const { k, x, y } = zoomTransform(moved.canvas);
        for (const each of this.shown) {
            each.transform = zoomIdentity.translate(x, (y / moved.height) * each.height).scale(k);
            (each.canvas as unknown as { __zoom: ZoomTransform }).__zoom = each.transform;
        }
        this.tip.hidden = true;
        this.redraw();
    }

    private typed(on: Shown, event: KeyboardEvent): void {
        const chosen = select(on.canvas);
        const step = 60 / on.transform.k;
        const { behaviour } = on;
        const moves: { [key: string]: () => void } = {
            ArrowLeft: () => behaviour.translateBy(chosen, step, 0),
            ArrowRight: () => behaviour.translateBy(chosen, -step, 0),
            ArrowUp: () => behaviour.translateBy(chosen, 0, step),
            ArrowDown: () => behaviour.translateBy(chosen, 0, -step),
            "+": () => behaviour.scaleBy(chosen, 1.5),
            "=": () => behaviour.scaleBy(chosen, 1.5),
            "-": () => behaviour.scaleBy(chosen, 1 / 1.5),
            "0": () => behaviour.transform(chosen, zoomIdentity),
        };
        const move = moves[event.key];
        if (!move || event.ctrlKey || event.metaKey || event.altKey) return;
        event.preventDefault();
        move();
    }

    private viewOf(of: Shown): View {
        const width = Math.max(1, of.canvas.clientWidth - 2 * edge);
        const time = (x: number) => ((of.transform.invertX(x) - edge) / width) * this.end;
        // Few rows are all to be seen, however much of the time is.
        const many = of.panel.rows.length * leastRow > of.height;
        const row = (y: number) => ((many ? of.transform.invertY(y) : y) / of.height) * of.panel.rows.length;
        return {
            from: time(edge), to: time(edge + width), firstRow: Math.max(0, row(0)), lastRow: row(of.height),
            left: edge, top: 0, width, height: of.height,
        };
    }

    private draw(): void {
        for (const each of this.shown) {
            const pen = contextOf(each.canvas, each.height);
            if (!pen) continue;
            const colours = coloursOf(each.canvas);
            paint(each.panel, this.arrangement, this.viewOf(each), (look, x, y, width, height) => {
                pen.globalAlpha = opacityOf(look);
                pen.fillStyle = colours[look];
                pen.fillRect(x, y, width, height);
            });
            pen.globalAlpha = 1;
            if (this.arrangement === "worker") this.nameLanes(each, pen, colours);
        }
        this.drawAxis();
    }

    private nameLanes(of: Shown, pen: CanvasRenderingContext2D, colours: Colours): void {
        const view = this.viewOf(of);
        const pitch = of.height / (view.lastRow - view.firstRow);
        pen.font = "12px system-ui, sans-serif";
        for (const lane of of.panel.lanes) {
            const top = (lane.first - view.firstRow) * pitch;
            pen.fillStyle = colours.line;
            if (lane.first > 0) pen.fillRect(0, top - 0.5, of.canvas.clientWidth, 1);
            if (lane.rows * pitch < 13 || of.panel.lanes.length < 2) continue;
            const width = pen.measureText(lane.name).width;
            const y = Math.max(0, top);
            pen.fillStyle = getComputedStyle(of.canvas).getPropertyValue("--paper");
            pen.globalAlpha = 0.85;
            pen.fillRect(2, y + 1, width + 8, 14);
            pen.globalAlpha = 1;
            pen.fillStyle = colours.ink;
            pen.fillText(lane.name, 6, y + 12);
        }
    }

    private drawAxis(): void {
        const first = this.shown[0];
        const pen = contextOf(this.strip, 40);
        if (!first || !pen) return;
        const view = this.viewOf(first);
        const scale = between(view.from, view.to, view.left, view.left + view.width);
        const colours = coloursOf(this.strip);
        pen.font = "12px system-ui, sans-serif";
        pen.textAlign = "center";
        for (const tick of scale.ticks(Math.max(2, view.width / 90))) {
            pen.fillStyle = colours.line;
            pen.fillRect(scale(tick), 0, 1, 6);
            pen.fillStyle = colours.faint;
            pen.fillText(seconds(tick), Math.min(Math.max(scale(tick), 22), view.left + view.width - 10), 20);
        }
    }

    private pointAt(of: Shown, event: PointerEvent): void {
        const box = of.canvas.getBoundingClientRect();
        const task = taskAt(of.panel, this.arrangement, this.viewOf(of), event.clientX - box.left, event.clientY - box.top);
        this.tip.hidden = task === null;
        if (task === null) return;
        this.tip.textContent = wordsOf(task, of.panel);
        const room = document.documentElement.clientWidth;
        this.tip.style.left = `${Math.max(4, Math.min(event.clientX + 14, room - this.tip.offsetWidth - 4))}px`;
        this.tip.style.top = `${Math.max(4, event.clientY - this.tip.offsetHeight - 12)}px`;
    }

    private tableBehind(): HTMLElement {
        const rows = this.measurements.flatMap((each) => each.workers.map((worker) => {
            const share = (of: number | null) => (of === null ? "" : Math.round(100 * of) + " %");
            return [each.spec, each.records.worker_names?.[worker.worker] ?? String(worker.worker), String(worker.tasks), share(worker.occupied_share), share(worker.cpu_share), share(worker.wait_share)];
        }));
        return element("details", {}, element("summary", {}, "the figures"),
            table(`${this.workload}: what each worker did`, ["model", "worker", "tasks recorded", "had a task", "on a processor", "waited for one"], rows));
    }
}

function legend(measurements: Measurement[]): HTMLElement {
    const waitsKnown = measurements.every((each) => each.records.waits_known);
    const calls = measurements.some((each) => (each.records.nested_task ?? []).length > 0);
    const sample = (look: string, words: string) => element("span", {}, element("i", { class: look }), words);
    return element("div", { class: "legend" }, sample("queued", "queued"), sample("running", waitsKnown ? "running" : "running or waiting"),
        calls ? sample("nested", "call of a body, below what made it") : null, waitsKnown ? sample("waiting", "waiting") : null, sample("failed", "failed"));
}
