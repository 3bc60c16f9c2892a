// Calls that bodies made: where they stand in a timeline, below what made them.
import { TaskTable } from "../results";
import { Task } from "./lanes";

/** In the order of the records, in which what made a call stands before it. */
export function callsOf(records: TaskTable, tasks: Task[], since: (time: number) => number): Task[] {
    const made: Task[] = [];
    const known = tasks.map(() => 0); // of each task, so far
    (records.nested_task ?? []).forEach((task, place) => {
        const parent = records.nested_parent![place]!;
        const started = records.nested_started![place]!;
        made.push({
            call: tasks[task]!.call,
            index: tasks[task]!.index,
            worker: records.nested_worker![place]!,
            queued: since(records.nested_made![place]!),
            started: since(started),
            finished: since(Math.max(started, records.nested_finished![place]!)),
            failed: false,
            waits: [],
            maker: parent > 0 ? made[parent - 1]! : tasks[task]!,
            number: known[task]!,
            place: tasks.length + place,
        });
        known[task] = known[task]! + 1;
    });
    (records.nested_failed ?? []).forEach((place) => { made[place]!.failed = true; });
    return made;
}

/** When each row is free, as a tree of the earliest of any two: the lowest that is free is found in a few steps. */
class FreeRows {
    private size = 1;
    private tree = [Infinity, 0]; // the root is 1, rows begin at `size`

    /** The lowest from `first` on that is free at `time`, maybe one that was not used before. */
    lowest(first: number, time: number): number {
        for (;;) {
            const found = first < this.size ? this.search(1, 0, this.size, first, time) : -1;
            if (found >= 0) return found;
            this.grow();
        }
    }

    use(row: number, until: number): void {
        let node = this.size + row;
        this.tree[node] = until;
        for (node >>= 1; node > 0; node >>= 1) this.tree[node] = Math.min(this.tree[2 * node]!, this.tree[2 * node + 1]!);
    }

    private search(node: number, from: number, to: number, first: number, time: number): number {
        if (to <= first || this.tree[node]! > time) return -1;
        if (to - from === 1) return from;
        const middle = (from + to) >> 1;
        const left = this.search(2 * node, from, middle, first, time);
        return left >= 0 ? left : this.search(2 * node + 1, middle, to, first, time);
    }

    private grow(): void {
        const ends = this.tree.slice(this.size);
        this.size *= 2;
        this.tree = [];
        for (let node = 0; node < 2 * this.size; ++node) this.tree.push(0);
        ends.forEach((end, row) => this.use(row, end));
    }
}

/** Each into the lowest row that is free and below what made it, if that is one of them. */
export function rowsOfNested(all: Task[]): Task[][] {
    const order = all.slice().sort((a, b) => a.started - b.started || a.place - b.place);
    const free = new FreeRows();
    const rowOf: number[] = [];
    const rows: Task[][] = [];
    order.forEach((task) => {
        const above = task.maker === null ? undefined : rowOf[task.maker.place];
        const row = free.lowest(above === undefined ? 0 : above + 1, Math.max(0, task.started));
        free.use(row, task.finished);
        rowOf[task.place] = row;
        while (rows.length <= row) rows.push([]);
        rows[row]!.push(task);
    });
    return rows;
}
