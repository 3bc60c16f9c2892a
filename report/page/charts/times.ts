// How long a workload took under each model: bars, the interval of the median as whiskers, and a stroke below
// the bar for every round.
import { bottomAxis, fromZero } from "../axis";
import { isCommandLine, isGood, kindOf, Measurement, wasMeasured } from "../results";
import { Drawing, hint, label, tag, usualWidth } from "../svg";
import { counted, percent, seconds } from "../text";

const rowHeight = 34;
const top = 12;
const belowAxis = 44;
const letter = 7.2; // wide, at the most

function roundsOf(of: Measurement): number[] {
    return of.trials.filter((each) => each.round > 0).map((each) => each.wall_seconds);
}

function hintOf(of: Measurement): string {
    const wall = of.wall_seconds;
    let words = of.spec + ": " + seconds(wall.median);
    if (wall.confidence > 0)
        words += ", " + seconds(wall.low) + " to " + seconds(wall.high) + " (" + percent(wall.confidence) + " interval)";
    return words + ", " + counted(roundsOf(of).length, "round");
}

/** A command line may be longer than there is room; the hint has all of it. */
function shortened(name: string, room: number): string {
    const widest = 8.6; // a digit, which letters are not as a rule
    const most = Math.max(4, Math.floor(room / widest));
    if (name.length * letter <= room) return name;
    return name.slice(0, most - 1) + "\u2026";
}

export function drawTimes(workload: string, measurements: Measurement[], width = usualWidth): Drawing {
    const labels = Math.max.apply(null, measurements.map((each) => each.spec.length));
    const left = Math.min(16 + labels * letter, width / 2);
    const right = width - 86;
    const bottom = top + rowHeight * measurements.length;
    const longest = measurements.map((each) => Math.max.apply(null, [each.wall_seconds.high].concat(roundsOf(each))));
    const x = fromZero(Math.max.apply(null, longest), left, right);
    let rows = "";
    measurements.forEach((each, row) => {
        const middle = top + rowHeight * (row + 0.5);
        const wall = each.wall_seconds;
        rows += label(left - 10, middle + 4, shortened(each.spec, left - 16), { class: "name", "text-anchor": "end" });
        if (!wasMeasured(each)) {
            rows += label(left + 6, middle + 4, "failed", { class: "bad" });
            return;
        }
        let bar = hint(hintOf(each));
        bar += tag("rect", { class: "bar", x: left, y: middle - 9, width: Math.max(1, x(wall.median) - left), height: 18 });
        const rounds = roundsOf(each).map((time) => `M${x(time).toFixed(1)} ${middle + 9}v5`);
        bar += tag("path", { class: "round", d: rounds.join("") });
        if (wall.confidence > 0) {
            const [low, high] = [x(wall.low), x(wall.high)];
            bar += tag("path", {
                class: "whisker",
                d: `M${low} ${middle - 5}v10M${low} ${middle}H${high}M${high} ${middle - 5}v10`,
            });
        }
        rows += tag("g", { class: "mark " + kindOf(each.spec), "data-spec": each.spec, "data-value": String(wall.median) }, bar);
        const words = seconds(wall.median) + (isGood(each) ? "" : " !");
        const farthest = Math.max.apply(null, [x(wall.high), x(wall.median)].concat(roundsOf(each).map(x)));
        rows += label(farthest + 8, middle + 4, words, { class: isGood(each) ? "value" : "value bad" });
    });
    const axis = { scale: x, ticks: x.ticks(Math.max(2, (right - left) / 90)), format: seconds, title: "time (less is better)" };
    return {
        title: workload + (measurements.every(isCommandLine) ? ": time of each command line" : ": time under each model"),
        width,
        height: bottom + belowAxis,
        content: bottomAxis(axis, top, bottom) + rows,
    };
}
