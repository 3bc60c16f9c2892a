// How the times of single tasks are spread: the share of tasks that took no longer than a time, for each
// model, and the percentiles of all rounds as marks on it.
import { between, bottomAxis, leftAxis, logTicks, logarithmic } from "../axis";
import { kindOf, Measurement } from "../results";
import { Drawing, hint, tag, usualWidth } from "../svg";
import { percent, seconds } from "../text";
import { legendOf, strokeOf } from "./legend";

const plotHeight = 226;
const left = 52;
const mostSteps = 400;

export interface Spread {
    spec: string;
    /** Ascending, in seconds. */
    times: number[];
}

function serviceTimes(of: Measurement): number[] {
    const records = of.records;
    const times: number[] = [];
    records.finished.forEach((finished, task) => {
        const time = (finished - records.started[task]!) * 1e-9;
        if (time > 0) times.push(time);
    });
    return times.sort((a, b) => a - b);
}

export function spreadsOf(measurements: Measurement[]): Spread[] {
    return measurements
        .map((each) => ({ spec: each.spec, times: serviceTimes(each) }))
        .filter((each) => each.times.length > 1);
}

/** The last of equal steps is where the share has reached its height. */
function curveOf(times: number[], x: (value: number) => number, y: (value: number) => number): string {
    const steps = Math.min(times.length, mostSteps);
    let path = `M${x(times[0]!).toFixed(1)} ${y(0).toFixed(1)}`;
    for (let step = 1; step <= steps; ++step) {
        const place = Math.ceil((step * times.length) / steps);
        path += `H${x(times[place - 1]!).toFixed(1)}V${y(place / times.length).toFixed(1)}`;
    }
    return path;
}

export function drawLatencies(workload: string, measurements: Measurement[], width = usualWidth): Drawing | null {
    const spreads = spreadsOf(measurements);
    if (spreads.length === 0) return null;
    const specs = spreads.map((each) => each.spec);
    const legend = legendOf(specs, width);
    const top = 30 + legend.above;
    const bottom = top + plotHeight;
    const least = Math.min.apply(null, spreads.map((each) => each.times[0]!));
    const most = Math.max.apply(null, spreads.map((each) => each.times[each.times.length - 1]!));
    const x = logarithmic(least * 0.9, Math.max(most * 1.1, least * 1.5), left, legend.right);
    const y = between(0, 1, bottom, top);
    let curves = "";
    spreads.forEach((each, place) => {
        const quantile = (share: number) => each.times[Math.ceil(share * each.times.length) - 1]!;
        const words = `${each.spec}: half within ${seconds(quantile(0.5))}, 90 % within ${seconds(quantile(0.9))}, all within ${seconds(quantile(1))}`;
        const path = curveOf(each.times, x, y);
        curves += tag("g", { class: "mark " + kindOf(each.spec), "data-spec": each.spec, "data-value": String(quantile(0.5)) },
            hint(words) + tag("path", { class: "curve", ...strokeOf(specs, place), d: path }) +
            tag("path", { class: "reach", d: path }));
    });
    const time = { scale: x, ticks: logTicks(x, 64), format: seconds, title: "time of a task, from its start to its end" };
    const share = { scale: y, ticks: [0, 0.25, 0.5, 0.75, 0.9, 1], format: percent, title: "tasks that took no longer" };
    return {
        title: workload + ": times of single tasks",
        width,
        height: bottom + 44,
        content: bottomAxis(time, top, bottom) + leftAxis(share, left, legend.right) + curves + legend.draw(top),
    };
}
