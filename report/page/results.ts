// The document that the page shows and the charts draw: results as `quartet run --json` writes them
// (measure/results/results.schema.json), as far as they are drawn, and what quartet says about them.

export interface Sampled {
    median: number;
    low: number;
    high: number;
    confidence: number;
}

export interface Percentiles {
    p50: number | null;
    p90: number | null;
    p99: number | null;
    max: number | null;
}

/** Columns; a place in them is a task. Times are nanoseconds since the clock started. */
export interface TaskTable {
    round: number;
    tasks_seen: number;
    call: number[];
    index: number[];
    worker: number[];
    /** Of a cluster: what each worker is called. Files of older versions have none. */
    worker_names?: string[];
    queued: number[];
    started: number[];
    finished: number[];
    failed: number[];
    waits_known: boolean;
    wait_task: number[];
    wait_began: number[];
    wait_ended: number[];
    // Calls that the bodies of the tasks made, in columns of their own; a parent is a place in them plus one, or
    // 0 for the task itself, and so is the call within which a wait was. Files of older versions have none.
    wait_nested?: number[];
    nested_seen?: number;
    nested_task?: number[];
    nested_parent?: number[];
    nested_worker?: number[];
    nested_made?: number[];
    nested_started?: number[];
    nested_finished?: number[];
    nested_failed?: number[];
}

/** Columns: what the trial that the records are of used, seconds after its clock started. */
export interface UsageTable {
    seconds: number[];
    memory_bytes: number[];
    cpu_seconds: number[];
}

export interface Trial {
    round: number;
    wall_seconds: number;
    outlier: boolean;
}

export interface WorkerUse {
    worker: number;
    tasks: number;
    occupied_share: number | null;
    cpu_share: number | null;
    wait_share: number | null;
}

/** Of a cluster; of one that was lost some are not known. */
export interface NodeFigures {
    name: string;
    workers: number;
    cpu_user_seconds: number | null;
    cpu_system_seconds: number | null;
    mpi_cpu_seconds: number | null;
    tree_peak_bytes: number | null;
    mpi_bytes: number | null;
    input_bytes: number | null;
    result_bytes: number | null;
    round_trip_seconds: number | null;
    clock_error_seconds: number | null;
}

export interface Measurement {
    workload: string;
    model: string;
    spec: string;
    tasks: number;
    failed: number;
    wall_seconds: Sampled;
    tasks_per_second: number | null;
    cpu_user_seconds: number | null;
    cpu_system_seconds: number | null;
    heap_peak_bytes: number | null;
    tree_peak_bytes: number | null;
    tree_peak_method: string | null;
    queue_seconds: Percentiles;
    service_seconds: Percentiles;
    verification: string;
    failures: string[];
    warnings: string[];
    nodes?: NodeFigures[];
    workers: WorkerUse[];
    trials: Trial[];
    records: TaskTable;
    usage: UsageTable;
}

export interface ScalingCount {
    count: number;
    spec: string;
    tasks_per_second: number;
    low: number;
    high: number;
    fitted: number | null;
    band_low: number | null;
    band_high: number | null;
}

export interface ScalingCurve {
    workload: string;
    model: string;
    axis: string;
    counts: ScalingCount[];
    best: number | null;
    lambda: number | null;
    sigma: number | null;
    kappa: number | null;
    peak: number | null;
    knee: number | null;
    no_law: string;
}

export type Value = string | number | boolean | null | Value[] | { [name: string]: Value };

export interface Results {
    quartet: string;
    machine: { [name: string]: Value };
    settings: { [name: string]: Value };
    conditions: { [name: string]: Value };
    results: Measurement[];
    scaling: ScalingCurve[];
}

/** What quartet says of one workload. */
export interface Said {
    workload: string;
    best: string[];
    verdict: string;
    doubts: string[];
    troubles: string[];
    advice: string;
}

export interface Report {
    results: Results;
    said: Said[];
    conditions: string[];
}

/** What `quartet time` measures; its spec is its name. */
export function isCommandLine(of: Measurement): boolean {
    return of.model === "command";
}

/** The kind of a model: "threads" of "threads:2+async:50". */
export function kindOf(spec: string): string {
    const end = spec.search(/[:+]/);
    return end < 0 ? spec : spec.slice(0, end);
}

export function workloadsOf(results: Results): string[] {
    const names: string[] = [];
    results.results.forEach((each) => {
        if (names.indexOf(each.workload) < 0) names.push(each.workload);
    });
    return names;
}

export function measurementsOf(results: Results, workload: string): Measurement[] {
    return results.results.filter((each) => each.workload === workload);
}

/** Whether there is a time to draw. */
export function wasMeasured(of: Measurement): boolean {
    return of.wall_seconds.median > 0;
}

export function isGood(of: Measurement): boolean {
    return of.failed === 0 && of.verification === "";
}
