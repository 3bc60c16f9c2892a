// A run that goes on: its page asks from time to time whether there is something new.
import { Report } from "./results";

const everyMilliseconds = 1000;

interface News {
    finished: boolean;
    report: Report;
}

async function get<Answer>(url: string): Promise<Answer> {
    const answer = await fetch(url, { cache: "no-store" });
    return (await answer.json()) as Answer;
}

/** Only where the page was served with addresses to ask. */
export function watch(show: (report: Report) => void): void {
    const { version, news } = document.documentElement.dataset;
    if (!version || !news) return;
    let known = 0;
    const look = async () => {
        try {
            const now = await get<number>(version);
            if (now !== known) {
                known = now;
                const latest = await get<News>(news);
                show(latest.report);
                if (latest.finished) return;
            }
        } catch {
            return; // the run has ended, and what is shown was its last
        }
        setTimeout(() => void look(), everyMilliseconds);
    };
    void look();
}
