// Which line is which model: beside a chart, or above it where there is no room beside.
import { kindOf } from "../results";
import { label, tag } from "../svg";

const pitch = 18;
const roomBeside = 150;
const roomOfName = 140;

export interface Legend {
    /** What the chart leaves free for it. */
    right: number;
    above: number;
    draw(top: number): string;
}

/**
 * Lines that lie on each other are all seen: those drawn first are wider. Of one model with several numbers of
 * workers the smaller ones are paler.
 */
export function strokeOf(specs: string[], place: number, widest = 1.6): { [name: string]: number } {
    const kind = kindOf(specs[place]!);
    const alike = specs.map((spec, at) => (kindOf(spec) === kind ? at : -1)).filter((at) => at >= 0);
    if (alike.length === 1) return { "stroke-width": 2 + widest * (specs.length - 1 - place) };
    return { "stroke-width": 2, "stroke-opacity": 0.25 + (0.75 * alike.indexOf(place)) / (alike.length - 1) };
}

export function legendOf(specs: string[], width: number): Legend {
    const beside = width >= 560;
    const columns = Math.max(1, Math.floor(width / roomOfName));
    const draw = (top: number) =>
        specs.map((spec, place) => {
            const x = beside ? width - roomBeside + 14 : 4 + (place % columns) * roomOfName;
            const y = beside ? top + 8 + place * pitch : 12 + Math.floor(place / columns) * pitch;
            const line = tag("path", { class: "curve " + kindOf(spec), ...strokeOf(specs, place), "stroke-width": 3, d: `M${x} ${y - 4}h18` });
            return line + label(x + 24, y, spec, { class: "name" });
        }).join("");
    return beside
        ? { right: width - roomBeside, above: 0, draw }
        : { right: width - 16, above: Math.ceil(specs.length / columns) * pitch + 8, draw };
}
