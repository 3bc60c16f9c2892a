// A run that goes on: its page asks from time to time what there is by now.
import { Report } from "./results";

const everyMilliseconds = 1000;

interface News {
    /** Grows with every change. */
    version: number;
    finished: boolean;
    report: Report;
}

async function ask(url: string, known: number): Promise<News | null> {
    const answer = await fetch(`${url}?after=${known}`, { cache: "no-store" });
    return answer.status === 200 ? ((await answer.json()) as News) : null;
}

/** Only where the page was served with an address to ask. */
export function watch(show: (report: Report) => void): void {
    const url = document.documentElement.dataset["live"];
    if (!url) return;
    let version = 0;
    const look = async () => {
        try {
            const news = await ask(url, version);
            if (news) {
                version = news.version;
                const place = window.scrollY;
                show(news.report);
                window.scrollTo(0, place);
            }
            if (news?.finished) return;
        } catch {
            return; // the run has ended, and what is shown was its last
        }
        setTimeout(() => void look(), everyMilliseconds);
    };
    void look();
}
