// The page: reads the document that it carries, and lays it out.
import { drawLatencies, spreadsOf } from "./charts/latencies";
import { drawScaling } from "./charts/scaling";
import { drawTimeline } from "./charts/timeline";
import { drawTimes } from "./charts/times";
import { coursesOf, drawUsage } from "./charts/usage";
import { button, Cell, chart, element, table } from "./dom";
import { watch } from "./live";
import { isCommandLine, Measurement, measurementsOf, Report, Results, Said, ScalingCurve, Value, wasMeasured, workloadsOf } from "./results";
import { bytes, count, counted, percent, plain, seconds, threeDigits } from "./text";
import { onThemeOfSystem, switchTheme } from "./theme";
import { TimelineView } from "./timeline_view";

const timelines: TimelineView[] = [];

function anchor(workload: string): string {
    return "test-" + workload.replace(/[^A-Za-z0-9]+/g, "-");
}

/** Of the median to the farther end of its interval, as in the terminal. */
function spreadOf(of: Measurement): string {
    const { median, low, high, confidence } = of.wall_seconds;
    return confidence > 0 ? `\u00b1${percent(Math.max(high - median, median - low) / median)}` : "";
}

function intervalOf(of: Measurement): string {
    const wall = of.wall_seconds;
    return wall.confidence > 0 ? `${seconds(wall.low)} to ${seconds(wall.high)}` : "";
}

function bestOf(report: Report, workload: string): string[] {
    return report.said.find((each) => each.workload === workload)?.best ?? [];
}

/** The Python study's table: a test in a row, a model in a column. */
function overview(report: Report): HTMLElement {
    const results = report.results;
    const models: string[] = [];
    for (const each of results.results) if (!models.includes(each.model)) models.push(each.model);
    const cellOf = (of: Measurement[], best: string[]): Cell => {
        const measured = of.filter(wasMeasured);
        if (measured.length === 0) return { text: of.length > 0 ? "failed" : "" };
        const fastest = measured.reduce((a, b) => (b.wall_seconds.median < a.wall_seconds.median ? b : a));
        const memory = fastest.tree_peak_bytes === null ? "" : bytes(fastest.tree_peak_bytes);
        const isBest = best.includes(fastest.spec);
        const how = [fastest.spec, memory].filter((each) => each !== "" && each !== fastest.model).join(", ");
        return { text: seconds(fastest.wall_seconds.median) + (isBest ? " \u2605" : ""), small: [spreadOf(fastest), how].filter((each) => each !== ""), best: isBest };
    };
    const rows = workloadsOf(results).map((workload) => {
        const all = measurementsOf(results, workload);
        return [workload, ...models.map((model) => cellOf(all.filter((each) => each.model === model), bestOf(report, workload)))];
    });
    return table("Median time of each test under each model, \u00b1 the farther end of its interval; the spec that was fastest; its peak memory. \u2605 is best, or can't be told from the best.",
        ["test", ...models], rows, "overview");
}

function figuresOf(all: Measurement[]): HTMLElement {
    const optional = (value: number | null, format: (value: number) => string) => (value === null ? "" : format(value));
    const rows = all.map((each) => [
        each.spec, seconds(each.wall_seconds.median), intervalOf(each), optional(each.tasks_per_second, threeDigits),
        optional(each.cpu_user_seconds, seconds), optional(each.cpu_system_seconds, seconds),
        optional(each.heap_peak_bytes, bytes), optional(each.tree_peak_bytes, bytes), count(each.failed),
    ]);
    const whatTheyAre = all.every(isCommandLine) ? "command line" : "model";
    return table("", [whatTheyAre, "time", "interval", "tasks/s", "CPU user", "CPU system", "heap", "memory", "failed"], rows);
}

/** What each node of a cluster used; null if nothing ran on one. */
function nodesOf(all: Measurement[]): HTMLElement | null {
    const optional = (value: number | null, format: (value: number) => string) => (value === null ? "" : format(value));
    const rows = all.flatMap((each) => (each.nodes ?? []).map((node) => [
        `${each.spec} on ${node.name}`, count(node.workers), optional(node.cpu_user_seconds, seconds), optional(node.cpu_system_seconds, seconds),
        optional(node.tree_peak_bytes, bytes), optional(node.mpi_cpu_seconds, seconds), optional(node.mpi_bytes, bytes),
        optional(node.round_trip_seconds, seconds), node.clock_error_seconds === null ? "" : "\u00b1" + seconds(node.clock_error_seconds),
    ]));
    return rows.length === 0 ? null : table("Each node of a cluster; what talks MPI there is not in its other figures.",
        ["node", "workers", "CPU user", "CPU system", "memory", "MPI: CPU", "MPI: memory", "message and answer", "clock"], rows);
}

function latencyTable(all: Measurement[]): HTMLElement {
    const of = (value: number | null) => (value === null ? "" : seconds(value));
    const rows = all.map((each) => [each.spec, of(each.service_seconds.p50), of(each.service_seconds.p90), of(each.service_seconds.p99), of(each.service_seconds.max),
        of(each.queue_seconds.p50), of(each.queue_seconds.p99)]);
    return table("Of all rounds", ["model", "half within", "90 %", "99 %", "all", "queued: half within", "99 %"], rows);
}

function usageTable(all: Measurement[]): HTMLElement {
    const most = (points: [number, number][]) => points.reduce((peak, point) => Math.max(peak, point[1]), 0);
    return table("", ["model", "memory at the most", "processors at the most"],
        coursesOf(all).map((each) => [each.spec, bytes(most(each.memory)), threeDigits(most(each.processors))]));
}

function scalingTable(curve: ScalingCurve): HTMLElement {
    return table("", ["model", "tasks/s", "interval", "by the law"], curve.counts.map((each) => [
        each.spec, threeDigits(each.tasks_per_second), `${threeDigits(each.low)} to ${threeDigits(each.high)}`,
        each.fitted === null ? "" : threeDigits(each.fitted)]));
}

function words(said: Said | undefined): HTMLElement[] {
    if (!said) return [];
    const made: HTMLElement[] = [];
    if (said.verdict) made.push(element("p", {}, said.verdict));
    for (const each of said.troubles) made.push(element("p", { class: "bad" }, each));
    for (const each of said.doubts) made.push(element("p", { class: "warning" }, each));
    if (said.advice) made.push(element("p", { class: "advice" }, said.advice));
    return made;
}

function section(report: Report, workload: string, tip: HTMLElement): HTMLElement {
    const all = measurementsOf(report.results, workload);
    const tasks = Math.max(...all.map((each) => each.tasks));
    const made = element("section", { id: anchor(workload), "data-workload": workload },
        element("h2", {}, workload), element("p", { class: "faint" }, counted(tasks, "task")),
        ...words(report.said.find((each) => each.workload === workload)), chart(drawTimes(workload, all, room()), element("div", {}, figuresOf(all), nodesOf(all))));
    for (const curve of report.results.scaling.filter((each) => each.workload === workload)) {
        const drawing = drawScaling(curve, room());
        if (drawing) made.append(chart(drawing, scalingTable(curve)));
        if (curve.no_law) made.append(element("p", { class: "faint" }, "No law: " + curve.no_law));
    }
    if (all.some((each) => each.records.started.length > 0)) {
        const view = new TimelineView(workload, all, tip);
        timelines.push(view);
        made.append(view.root);
        const printed = drawTimeline(workload, all, "task", room());
        if (printed) {
            const still = chart(printed, null);
            still.className = "printed";
            made.append(still);
        }
    }
    const latencies = spreadsOf(all).length > 0 ? drawLatencies(workload, all, room()) : null;
    if (latencies) made.append(chart(latencies, latencyTable(all)));
    const usage = drawUsage(workload, all, room());
    if (usage) made.append(chart(usage, usageTable(all)));
    return made;
}

function wordsOf(value: Value): string {
    if (value === null) return "";
    if (Array.isArray(value)) return value.map(wordsOf).join("; ");
    if (typeof value === "object")
        return Object.entries(value).filter(([, each]) => each !== "").map(([name, each]) => `${name} = ${wordsOf(each)}`).join(", ");
    return typeof value === "number" && !Number.isInteger(value) ? plain(value) : String(value);
}

/** Of a chart: what there is, but text must not become too small nor lines too long to follow. */
function room(): number {
    return Math.max(300, Math.min(900, document.documentElement.clientWidth - 32));
}

function readable(name: string, value: Value): string {
    if (typeof value === "number" && name.endsWith("_bytes")) return bytes(value);
    if (typeof value === "number" && name.endsWith("_seconds")) return seconds(value);
    if (typeof value === "number" && name.endsWith("_share")) return percent(value);
    return wordsOf(value);
}

function properties(caption: string, of: { [name: string]: Value }): HTMLElement {
    const rows = Object.entries(of).map(([name, value]) => [name.replace(/_(bytes|seconds|share)$/, "").replace(/_/g, " "), readable(name, value)]);
    return table(caption, [], rows.filter((each) => each[1] !== ""), "words");
}

function download(results: Results): HTMLElement {
    const made = element("a", { href: "#", download: "results.json" }, "download the JSON");
    made.addEventListener("click", () => {
        made.href = URL.createObjectURL(new Blob([JSON.stringify(results, null, 1) + "\n"], { type: "application/json" }));
    });
    return made;
}

function redrawTimelines(): void {
    for (const each of timelines) each.redraw();
}

function themeButton(): HTMLElement {
    return button("light or dark", () => {
        switchTheme();
        redrawTimelines();
    });
}

function header(report: Report): HTMLElement {
    const { machine, settings, conditions, quartet } = report.results;
    const workloads = workloadsOf(report.results);
    const when = wordsOf(conditions["started"] ?? "").replace("T", " ").replace("Z", " UTC");
    const links = workloads.map((each) => element("li", {}, element("a", { href: "#" + anchor(each) }, each)));
    return element("header", {},
        element("h1", {}, "The same work, run in different ways"),
        element("p", { class: "faint" }, `${when}, ${wordsOf(machine["cpu_model"] ?? "")}, ${wordsOf(machine["usable_cpus"] ?? "")} processors, quartet ${quartet}`),
        element("p", {}, element("code", {}, wordsOf(settings["command"] ?? ""))),
        element("div", { class: "tools" }, download(report.results), themeButton()),
        workloads.length > 1 ? element("nav", { "aria-label": "tests" }, element("ul", {}, ...links)) : null);
}

/** What a reader has opened and zoomed stays so when a live page is drawn anew. */
function keepingWhatIsSeen(draw: () => void): void {
    const titleOf = (of: HTMLElement) => of.parentElement?.querySelector("figcaption")?.textContent ?? "";
    const all = () => Array.prototype.slice.call(document.querySelectorAll("details")) as HTMLDetailsElement[];
    const opened = all().filter((each) => each.open).map(titleOf);
    const before = timelines.splice(0);
    const place = window.scrollY;
    draw();
    for (const each of all()) each.open = opened.includes(titleOf(each));
    for (const each of timelines) each.seeAs(before.find((old) => old.workload === each.workload));
    window.scrollTo(0, place);
}

function show(report: Report): void {
    const tip = element("div", { class: "tip", role: "status" });
    tip.hidden = true;
    const main = element("main", { id: "main" }, ...report.conditions.map((each) => element("p", { class: "warning" }, each)), overview(report));
    document.body.replaceChildren(element("a", { class: "skip", href: "#main" }, "skip to the results"), header(report), main, tip);
    for (const each of workloadsOf(report.results)) main.append(section(report, each, tip));
    main.append(element("h2", {}, "Where and how"), properties("Machine", report.results.machine),
        properties("Settings", report.results.settings), properties("Conditions", report.results.conditions));
}

const carried = document.getElementById("report");
if (carried?.textContent) show(JSON.parse(carried.textContent) as Report);
watch((report) => keepingWhatIsSeen(() => show(report)));
onThemeOfSystem(redrawTimelines);
