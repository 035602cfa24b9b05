import type { ReportData } from '../../server/src/lsp/protocol.ts';
import { decisionCard, decisionTable } from './decisions.ts';
import { distributions } from './distributions.ts';
import { el } from './dom.ts';
import { comparison, model } from './fidelity.ts';
import { count, duration } from '../figures.ts';
import { sections } from './sections.ts';
import { vcpuLabel } from './timeline/lanes.ts';
import { TimelineView } from './timeline/view.ts';
import { longestWaits } from './waits.ts';

declare function acquireVsCodeApi(): { postMessage(message: unknown): void };

/** In the editor, tells it to go to a line; elsewhere there is nowhere to go. */
const editor = typeof acquireVsCodeApi === 'function' ? acquireVsCodeApi() : undefined;
const goTo = (line: number): void => editor?.postMessage({ command: 'reveal', line });

function mount(data: ReportData): void {
  const { report, notes, timelines, source } = data;
  const named = report.scenario === null ? '' : ` · ${report.scenario}`;
  const { events, cpus, duration_ns, file } = report.trace;
  const card = el('div', { class: 'card', role: 'status', hidden: true });
  const choose = (title: string, index: number): void => {
    const decision = timelines.find((one) => one.title === title)?.decisions[index];
    if (!decision) return;
    card.replaceChildren(decisionCard(decision, source, goTo, () => (card.hidden = true)));
    card.hidden = false;
    goTo(decision.line);
  };
  const view = new TimelineView(timelines, { decision: choose });
  document.body.append(
    el(
      'main',
      {},
      el('h1', {}, `${report.policy}${named}`),
      el(
        'p',
        { title: file },
        `${count(events)} events on ${cpus} CPUs in ${duration(duration_ns)}, from ${file.split(/[\\/]/u).at(-1) ?? ''}`,
      ),
      ...notes.map((note) => el('p', {}, note)),
      ...present(model(report)),
      el('h2', {}, 'Timeline'),
      view.element,
      ...present([
        ...sections(data, goTo).slice(0, 1),
        distributions(data),
        comparison(report),
        ...view.schedules.map((schedule, i) => {
          const timeline = timelines[i]?.timeline;
          if (!timeline) return undefined;
          const labels = timeline.threads.map((thread) => (thread.vm ? vcpuLabel(thread) : thread.label));
          return longestWaits(schedule, timeline.unit, labels, (window) => {
            view.show(window);
            schedule.canvas.scrollIntoView({ block: 'center' });
          });
        }),
        ...timelines.map(({ title, decisions }) =>
          decisionTable(title, decisions, (index) => choose(title, index)),
        ),
        ...sections(data, goTo).slice(1),
      ]),
      card,
    ),
  );
  view.repaint();
  // The editor changes the classes of the page when its theme changes.
  new MutationObserver(() => view.repaint()).observe(document.body, { attributeFilter: ['class'] });
}

const present = (all: readonly (HTMLElement | undefined)[]): readonly HTMLElement[] =>
  all.filter((one) => one !== undefined);

/** The data that the page was made with. */
function pageData(): ReportData {
  const text = document.getElementById('data')?.textContent;
  if (!text) throw new Error('the page has no data');
  return JSON.parse(text) as ReportData;
}

mount(pageData());
