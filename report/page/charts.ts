// All charts of a report by name. What the tool calls to write them as files, and the page to show them.
import { drawLatencies } from "./charts/latencies";
import { drawScaling } from "./charts/scaling";
import { drawTimeline } from "./charts/timeline";
import { drawTimes } from "./charts/times";
import { drawUsage } from "./charts/usage";
import { measurementsOf, Results, workloadsOf } from "./results";
import { standalone } from "./standalone";
import { Drawing } from "./svg";

export interface Chart {
    /** Of its file, without the extension: "fetch-timeline". */
    name: string;
    drawing: Drawing;
}

/** What a file may be called everywhere. */
function fileName(text: string): string {
    return text.toLowerCase().replace(/[^a-z0-9_]+/g, "-").replace(/^-+|-+$/g, "");
}

function chartsOf(results: Results): Chart[] {
    const made: Chart[] = [];
    const add = (name: string, drawing: Drawing | null) => {
        if (drawing !== null) made.push({ name: fileName(name), drawing });
    };
    workloadsOf(results).forEach((workload) => {
        const measurements = measurementsOf(results, workload);
        add(workload + "-times", drawTimes(workload, measurements));
        add(workload + "-timeline", drawTimeline(workload, measurements, "task"));
        add(workload + "-workers", drawTimeline(workload, measurements, "worker"));
        add(workload + "-latencies", drawLatencies(workload, measurements));
        add(workload + "-usage", drawUsage(workload, measurements));
    });
    results.scaling.forEach((curve) => add(`${curve.workload}-${curve.model}-scaling`, drawScaling(curve)));
    return made;
}

/** Each chart as a file: its name and its text. */
export function filesOf(results: Results, style: string): [string, string][] {
    return chartsOf(results).map((each): [string, string] => [each.name + ".svg", standalone(each.drawing, style)]);
}
