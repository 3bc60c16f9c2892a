// How throughput grows with workers: what was measured with its interval, the fitted law with its band, and
// the knee.
import { area, line } from "d3-shape";

import { bottomAxis, fromZero, leftAxis, logTicks, logarithmic } from "../axis";
import { kindOf, ScalingCount, ScalingCurve } from "../results";
import { Drawing, hint, label, tag, usualWidth } from "../svg";
import { count, threeDigits } from "../text";

const height = 320;
const left = 62;
const top = 34;
const bottom = height - 44;

function lawOf(curve: ScalingCurve, workers: number): number {
    const sigma = curve.sigma ?? 0;
    const kappa = curve.kappa ?? 0;
    return ((curve.lambda ?? 0) * workers) / (1 + sigma * (workers - 1) + kappa * workers * (workers - 1));
}

/** Between the counts, too: the law is smooth. */
function lawPoints(curve: ScalingCurve, least: number, most: number): [number, number][] {
    const points: [number, number][] = [];
    const steps = 120;
    for (let step = 0; step <= steps; ++step) {
        const workers = least * Math.pow(most / least, step / steps);
        points.push([workers, lawOf(curve, workers)]);
    }
    return points;
}

export function drawScaling(curve: ScalingCurve, width = usualWidth): Drawing | null {
    const right = width - 30;
    const counts = curve.counts.filter((each) => each.tasks_per_second > 0);
    if (counts.length === 0) return null;
    const least = counts[0]!.count;
    const most = counts[counts.length - 1]!.count;
    const x = logarithmic(least, most, left, right, 2);
    const highest = counts.map((each) => Math.max(each.high, each.band_high ?? 0, each.fitted ?? 0));
    const y = fromZero(Math.max.apply(null, highest) * 1.05, bottom, top);
    let out = "";
    const banded = counts.filter((each) => each.band_low !== null && each.band_high !== null);
    const band = area<ScalingCount>().x((each) => x(each.count)).y0((each) => y(each.band_low ?? 0)).y1((each) => y(each.band_high ?? 0));
    if (banded.length > 1) out += tag("path", { class: "band", d: band(banded) ?? "" });
    if (curve.lambda !== null) {
        const law = line<[number, number]>().x((point) => x(point[0])).y((point) => y(point[1]));
        out += tag("path", { class: "law", d: law(lawPoints(curve, least, most)) ?? "" }, hint("the fitted law"));
    }
    const knee = curve.knee;
    if (knee !== null && knee >= least && knee <= most) {
        out += tag("line", { class: "knee", x1: x(knee), x2: x(knee), y1: top, y2: bottom });
        out += label(x(knee) + 6, top + 12, "knee at " + threeDigits(knee), { class: "note" });
    }
    counts.forEach((each) => {
        const place = x(each.count);
        const best = each.count === curve.best;
        const words = `${each.spec}: ${threeDigits(each.tasks_per_second)} tasks/s, ${threeDigits(each.low)} to ${threeDigits(each.high)}${best ? ", among the best with the fewest" : ""}`;
        out += tag("g", { class: "mark " + kindOf(each.spec), "data-spec": each.spec, "data-value": String(each.tasks_per_second) },
            hint(words) +
            tag("path", { class: "whisker", d: `M${place - 4} ${y(each.low)}h8M${place} ${y(each.low)}V${y(each.high)}M${place - 4} ${y(each.high)}h8` }) +
            tag("circle", { class: best ? "dot best" : "dot", cx: place, cy: y(each.tasks_per_second), r: best ? 6 : 4 }));
    });
    const workers = { scale: x, ticks: logTicks(x, 30), format: count, title: curve.axis };
    const throughput = { scale: y, ticks: y.ticks(6), format: threeDigits, title: "tasks per second" };
    return {
        title: `${curve.workload}: ${curve.model} from ${least} to ${most} ${curve.axis}`,
        width,
        height,
        content: bottomAxis(workers, top, bottom) + leftAxis(throughput, left, right) + out,
    };
}
