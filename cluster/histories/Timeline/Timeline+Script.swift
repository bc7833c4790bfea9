extension Timeline {
    /// Reads the data, fills the tables, and keeps the part of time that is shown.
    static let script = #"""
        'use strict';
        const data = JSON.parse(document.getElementById('data').textContent);
        const names = data.names, operations = data.operations;
        const START = 0, END = 1, CLIENT = 2, CODE = 3, LOAD = 4, WHAT = 5, KEY = 6, ASKED = 7,
          TOLD = 8;
        const whole = Math.max(1, data.duration);
        const view = { from: 0, to: whole, workload: '' };
        const $ = id => document.getElementById(id);
        const seconds = us => (us / 1e6).toFixed(3);
        const outcomes = ['done', 'failed', 'unknown'];
        const marked = new Set(data.findings.flatMap(finding => finding[3]));

        function cell(row, text, kind) {
          const td = document.createElement('td');
          td.textContent = text;
          if (kind) td.className = kind;
          row.appendChild(td);
        }
        function fill(id, rows, kinds) {
          const body = $(id).tBodies[0];
          for (const each of rows) {
            const row = document.createElement('tr');
            each.forEach((text, place) => cell(row, text, kinds && kinds[place]));
            body.appendChild(row);
          }
        }

        // Lanes: one for each client, those of a workload together.
        const lanes = new Map();
        for (const [number, operation] of operations.entries()) {
          const key = operation[LOAD] + '/' + operation[CLIENT];
          if (!lanes.has(key)) {
            lanes.set(key, { load: names[operation[LOAD]], client: operation[CLIENT], bars: [],
              ticks: [], longest: 0 });
          }
          const lane = lanes.get(key);
          lane.bars.push(number);
          lane.longest = Math.max(lane.longest, operation[END] - operation[START]);
        }
        for (const seen of data.observations) {
          const key = seen[2] + '/' + seen[1];
          if (!lanes.has(key)) {
            lanes.set(key, { load: names[seen[2]], client: seen[1], bars: [], ticks: [],
              longest: 0 });
          }
          lanes.get(key).ticks.push(seen);
        }
        const places = new Map();
        for (const lane of lanes.values()) {
          if (!lane.bars.length) continue;
          places.set(lane.load, Math.min(lane.client, places.get(lane.load) ?? Infinity));
        }
        const place = lane => places.get(lane.load) ?? Infinity;
        const ordered = [...lanes.values()]
          .sort((a, b) => place(a) - place(b) || a.client - b.client);
        for (const load of new Set(ordered.map(lane => lane.load))) {
          const option = document.createElement('option');
          option.textContent = load;
          option.value = load;
          $('workload').appendChild(option);
        }
        const shown = () => ordered.filter(lane => !view.workload || lane.load === view.workload);

        function percentile(sorted, part) {
          if (!sorted.length) return '';
          const place = Math.min(sorted.length - 1, Math.ceil(part * sorted.length) - 1);
          return (sorted[Math.max(0, place)] / 1e3).toFixed(2);
        }
        function fillLatency() {
          const groups = new Map();
          for (const operation of operations) {
            const key = names[operation[LOAD]] + '\u0000' + names[operation[WHAT]];
            if (!groups.has(key)) groups.set(key, { counts: [0, 0, 0], times: [] });
            const group = groups.get(key);
            group.counts[operation[CODE]] += 1;
            if (operation[CODE] === 0) group.times.push(operation[END] - operation[START]);
          }
          const rows = [...groups.keys()].sort().map(key => {
            const { counts, times } = groups.get(key);
            times.sort((a, b) => a - b);
            const parts = [0.5, 0.9, 0.99, 1].map(part => percentile(times, part));
            return [...key.split('\u0000'), ...counts, ...parts];
          });
          fill('latency', rows, ['', '', ...Array(7).fill('number')]);
        }
        function fillFindings() {
          const list = $('findings');
          for (const [checker, gravity, text, numbers] of data.findings) {
            const item = document.createElement('li');
            item.textContent = checker + ', ' + gravity + ': ' + text;
            item.className = 'bad';
            item.onclick = () => {
              const found = numbers.map(number => operations[number]).filter(Boolean);
              if (!found.length) return;
              const from = Math.min(...found.map(operation => operation[START]));
              const to = Math.max(...found.map(operation => operation[END]));
              const room = Math.max(2e4, to - from);
              show(from - room, to + room);
              $('lanes').scrollIntoView({ block: 'center' });
            };
            list.appendChild(item);
          }
          if (!data.findings.length) {
            list.outerHTML = '<p class="good" id="findings">None.</p>';
          }
        }
        fillLatency();
        fillFindings();
        fill('faults', data.faults.map(fault =>
          [seconds(fault[0]), seconds(fault[1]), fault[2], fault[3].join(', '), fault[4]]),
          ['number', 'number']);
        fill('notes', data.notes.slice(0, 1000).map(note => [seconds(note[0]), note[1]]),
          ['number']);

        function show(from, to) {
          const width = Math.min(whole, Math.max(100, to - from));
          view.from = Math.min(Math.max(0, from), whole - width);
          view.to = view.from + width;
          schedule();
        }
        function zoom(factor, at) {
          const middle = at === undefined ? (view.from + view.to) / 2 : at;
          show(middle - (middle - view.from) * factor, middle + (view.to - middle) * factor);
        }
        """#
}
