// Memory and processors over the time of one trial of each model.
import { line } from "d3-shape";

import { bottomAxis, byteTicks, fromZero, leftAxis, Scale } from "../axis";
import { kindOf, Measurement } from "../results";
import { Drawing, hint, tag, usualWidth } from "../svg";
import { bytes, plain, seconds } from "../text";
import { legendOf, strokeOf } from "./legend";

const left = 66;
const panel = 150;
const gap = 44;

type Point = [number, number];

export interface Course {
    spec: string;
    memory: Point[];
    processors: Point[];
}

/** Processors in use, over stretches that are long enough for the clocks of processes to be exact. */
function processorsOf(of: Measurement): Point[] {
    const { seconds: times, cpu_seconds: used } = of.usage;
    const stretch = Math.max(0.01, (times[times.length - 1] ?? 0) / 60);
    const points: Point[] = [];
    let before = 0;
    times.forEach((time, sample) => {
        const passed = time - times[before]!;
        if (passed < stretch) return;
        points.push([time - passed / 2, (used[sample]! - used[before]!) / passed]);
        before = sample;
    });
    return points;
}

export function coursesOf(measurements: Measurement[]): Course[] {
    return measurements
        .filter((each) => each.usage.seconds.length > 1)
        .map((each) => ({
            spec: each.spec,
            memory: each.usage.seconds.map((time, sample): Point => [time, each.usage.memory_bytes[sample]!]),
            processors: processorsOf(each),
        }));
}

function greatest(courses: Course[], of: (course: Course) => Point[], place: 0 | 1): number {
    let most = 0;
    courses.forEach((each) => of(each).forEach((point) => { most = Math.max(most, point[place]); }));
    return most;
}

export function drawUsage(workload: string, measurements: Measurement[], width = usualWidth): Drawing | null {
    const courses = coursesOf(measurements);
    if (courses.length === 0) return null;
    const specs = courses.map((each) => each.spec);
    const legend = legendOf(specs, width);
    const right = legend.right;
    const first = 30 + legend.above;
    const x = fromZero(greatest(courses, (each) => each.memory, 0), left, right);
    let out = "";
    const paint = (top: number, of: (course: Course) => Point[], title: string, format: (value: number) => string,
                   ticks: (scale: Scale, count: number) => number[]) => {
        const y = fromZero(greatest(courses, of, 1), top + panel, top);
        out += leftAxis({ scale: y, ticks: ticks(y, 4), format, title }, left, right);
        const path = line<Point>().x((point) => x(point[0])).y((point) => y(point[1]));
        courses.forEach((each, place) => {
            const points = of(each);
            if (points.length === 0) return;
            const peak = points.reduce((most, point) => Math.max(most, point[1]), 0);
            const curve = points.length > 1
                ? tag("path", { class: "curve", ...strokeOf(specs, place, 1), d: path(points) ?? "" })
                : tag("circle", { class: "dot", cx: x(points[0]![0]), cy: y(points[0]![1]), r: 3 });
            out += tag("g", { class: "mark " + kindOf(each.spec), "data-spec": each.spec, "data-value": String(peak) },
                hint(`${each.spec}: ${format(peak)} at the most`) + curve);
        });
    };
    paint(first, (each) => each.memory, "memory of all processes", bytes, byteTicks);
    let bottom = first + panel;
    if (courses.some((each) => each.processors.length > 0)) {
        paint(bottom + gap, (each) => each.processors, "processors in use", plain, (scale, count) => scale.ticks(count));
        bottom += gap + panel;
    }
    out += legend.draw(first);
    out += bottomAxis({ scale: x, ticks: x.ticks(6), format: seconds, title: "time since the clock started" }, bottom, bottom);
    return { title: workload + ": memory and processors over time", width, height: bottom + 44, content: out };
}
