// Axes: where the ticks are, and how they and their grid look.
import { scaleLinear, scaleLog } from "d3-scale";

import { label, tag } from "./svg";

export interface Scale {
    (value: number): number;
    invert(place: number): number;
    domain(): number[];
    range(): [number, number];
    ticks(count?: number): number[];
}

/** From zero to a little more than the greatest value. */
export function fromZero(most: number, low: number, high: number): Scale {
    return scaleLinear().domain([0, most > 0 ? most * 1.02 : 1]).range([low, high]);
}

export function between(least: number, most: number, low: number, high: number): Scale {
    return scaleLinear().domain([least, most > least ? most : least + 1]).range([low, high]);
}

/** Whole powers of `base` around the values, all of them above zero. */
export function logarithmic(least: number, most: number, low: number, high: number, base = 10): Scale {
    const scale = scaleLog().base(base).domain([least, most > least ? most : least * base]);
    return scale.range([low, high]);
}

/** Of a logarithmic scale those that leave room for their text; of a short one they are as on a linear scale. */
export function logTicks(scale: Scale, room: number): number[] {
    const [low, high] = scale.range();
    const [least, most] = scale.domain();
    const count = Math.abs(high - low) / room;
    const ticks = most! / least! < 4 ? between(least!, most!, low, high).ticks(count / 1.5) : scale.ticks(count);
    const kept: number[] = [];
    ticks.forEach((each) => {
        const last = kept[kept.length - 1];
        if (last === undefined || Math.abs(scale(each) - scale(last)) >= room) kept.push(each);
    });
    return kept;
}

/** Ticks at round numbers of KiB or MiB. */
export function byteTicks(scale: Scale, count: number): number[] {
    const most = scale.domain()[1] ?? 1;
    const unit = Math.pow(1024, Math.max(0, Math.floor(Math.log(most) / Math.log(1024) + 1e-9)));
    return between(0, most / unit, 0, 1).ticks(count).map((each) => each * unit);
}

export interface Axis {
    scale: Scale;
    ticks: number[];
    format: (value: number) => string;
    title: string;
}

/** Lines at ticks from left to right. */
export function gridLines(scale: Scale, ticks: number[], top: number, bottom: number): string {
    return ticks.map((each) => tag("line", { class: "grid", x1: scale(each), x2: scale(each), y1: top, y2: bottom })).join("");
}

/** Along the bottom, with grid lines up to `top`. */
export function bottomAxis(axis: Axis, top: number, bottom: number): string {
    const [left, right] = axis.scale.range();
    let out = gridLines(axis.scale, axis.ticks, top, bottom);
    axis.ticks.forEach((each) => {
        out += label(axis.scale(each), bottom + 16, axis.format(each), { class: "tick", "text-anchor": "middle" });
    });
    out += tag("line", { class: "axis", x1: left, x2: right, y1: bottom, y2: bottom });
    return out + label((left + right) / 2, bottom + 34, axis.title, { class: "axis-title", "text-anchor": "middle" });
}

/** Along the left, with grid lines to `right`. The title stands above it. */
export function leftAxis(axis: Axis, left: number, right: number): string {
    const [, top] = axis.scale.range();
    let out = "";
    axis.ticks.forEach((each) => {
        const y = axis.scale(each);
        out += tag("line", { class: "grid", x1: left, x2: right, y1: y, y2: y });
        out += label(left - 6, y + 4, axis.format(each), { class: "tick", "text-anchor": "end" });
    });
    return out + label(4, top - 10, axis.title, { class: "axis-title" });
}
