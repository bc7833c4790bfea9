extension Timeline {
    /// Draws the part of time that is shown, and answers the pointer and the keys.
    static let drawing = #"""
        const LEFT = 120, LANE = 14, TOP = 34;
        let colors = {};
        function readColors() {
          const style = getComputedStyle(document.documentElement);
          for (const name of ['text', 'soft', 'line', 'panel', 'done', 'failed', 'unknown',
            'mark', 'band', 'leader']) {
            colors[name] = style.getPropertyValue('--' + name).trim();
          }
        }
        function prepare(canvas, height) {
          const scale = window.devicePixelRatio || 1, width = canvas.clientWidth;
          canvas.style.height = height + 'px';
          canvas.width = Math.round(width * scale);
          canvas.height = Math.round(height * scale);
          const pen = canvas.getContext('2d');
          pen.setTransform(scale, 0, 0, scale, 0, 0);
          pen.font = '11px system-ui, sans-serif';
          pen.textBaseline = 'middle';
          return { pen, width, height };
        }
        const x = (time, width) =>
          LEFT + (time - view.from) / (view.to - view.from) * (width - LEFT);
        const timeAt = (place, width) =>
          view.from + (place - LEFT) / (width - LEFT) * (view.to - view.from);

        /* The first of a lane's bars that may reach into view: bars are sorted by start, and none
           is longer than the lane's longest. */
        function firstBar(lane, from) {
          let low = 0, high = lane.bars.length;
          while (low < high) {
            const middle = (low + high) >> 1;
            if (operations[lane.bars[middle]][START] < from - lane.longest) low = middle + 1;
            else high = middle;
          }
          return low;
        }
        function drawFrame(pen, width, height, withText) {
          for (const fault of data.faults) {
            if (fault[1] < view.from || fault[0] > view.to) continue;
            const left = Math.max(LEFT, x(fault[0], width)), right = x(fault[1], width);
            pen.fillStyle = colors.band;
            pen.fillRect(left, 0, Math.max(1, right - left), height);
          }
          const span = view.to - view.from;
          let step = Math.pow(10, Math.floor(Math.log10(span / 5)));
          if (span / step > 10) step *= 2;
          for (let at = Math.ceil(view.from / step) * step; at <= view.to; at += step) {
            const place = x(at, width);
            pen.fillStyle = colors.line;
            pen.fillRect(place, 0, 1, height);
            if (!withText) continue;
            pen.fillStyle = colors.soft;
            pen.fillText((at / 1e6).toFixed(step < 1e4 ? 4 : step < 1e6 ? 2 : 0) + ' s',
              place + 3, 8);
          }
          let last = -100;
          for (const leader of data.leaders) {
            if (leader[0] < view.from || leader[0] > view.to) continue;
            const place = x(leader[0], width);
            pen.fillStyle = colors.leader;
            pen.fillRect(place, 0, 1.5, height);
            if (!withText || place - last < 90) continue;
            last = place;
            pen.fillText('node ' + leader[1] + ', term ' + leader[2], place + 4, 24);
          }
        }
        /* Bars narrower than a pixel share it; the worst of their outcomes colours it. */
        function drawLane(pen, lane, top, width) {
          let column = -1, worst = -1;
          const paint = (left, wide, code) => {
            pen.fillStyle = colors[outcomes[code]];
            if (code === 1) pen.fillRect(left, top + 4, wide, LANE - 8);
            else pen.fillRect(left, top + 2, wide, LANE - 4);
          };
          for (let place = firstBar(lane, view.from); place < lane.bars.length; place += 1) {
            const number = lane.bars[place], operation = operations[number];
            if (operation[START] > view.to) break;
            if (operation[END] < view.from) continue;
            const left = Math.max(LEFT, x(operation[START], width));
            const wide = x(operation[END], width) - left;
            if (marked.has(number)) {
              pen.fillStyle = colors.mark;
              pen.fillRect(left - 2, top, Math.max(5, wide + 4), LANE);
            }
            if (wide >= 1) {
              paint(left, Math.max(1, wide - .5), operation[CODE]);
            } else {
              const pixel = Math.floor(left);
              if (pixel !== column) { column = pixel; worst = -1; }
              if (operation[CODE] <= worst) continue;
              worst = operation[CODE];
              paint(pixel, 1, worst);
            }
          }
          pen.fillStyle = colors.done;
          let tick = -1;
          for (const seen of lane.ticks) {
            if (seen[0] < view.from || seen[0] > view.to) continue;
            const place = Math.floor(x(seen[0], width));
            if (place === tick) continue;
            tick = place;
            pen.fillRect(place, top + 5, 1, LANE - 10);
          }
        }
        function drawLanes() {
          const list = shown(), height = TOP + list.length * LANE + 6;
          const { pen, width } = prepare($('lanes'), height);
          drawFrame(pen, width, height, true);
          list.forEach((lane, place) => {
            const top = TOP + place * LANE;
            drawLane(pen, lane, top, width);
            pen.fillStyle = colors.text;
            pen.fillText(lane.load + ' ' + lane.client, 6, top + LANE / 2);
          });
        }
        const lowest = 2, decades = 6;
        const y = (us, height) =>
          height - 8 - (Math.log10(Math.max(us, 100)) - lowest) / decades * (height - 16);
        function drawDots() {
          const height = 220, { pen, width } = prepare($('dots'), height);
          drawFrame(pen, width, height, false);
          ['0.1 ms', '1 ms', '10 ms', '100 ms', '1 s', '10 s', '100 s'].forEach((text, place) => {
            const level = y(Math.pow(10, lowest + place), height);
            pen.fillStyle = colors.line;
            pen.fillRect(LEFT, level, width - LEFT, 1);
            pen.fillStyle = colors.text;
            pen.fillText(text, 60, level);
          });
          const taken = new Set();
          for (const lane of shown()) {
            for (let place = firstBar(lane, view.from); place < lane.bars.length; place += 1) {
              const operation = operations[lane.bars[place]];
              if (operation[START] > view.to) break;
              if (operation[START] < view.from) continue;
              const left = Math.round(x(operation[START], width));
              const top = Math.round(y(operation[END] - operation[START], height));
              const spot = (left * 1024 + top) * 4 + operation[CODE];
              if (taken.has(spot)) continue;
              taken.add(spot);
              pen.fillStyle = colors[outcomes[operation[CODE]]];
              pen.fillRect(left - 1, top - 1, 2.5, 2.5);
            }
          }
        }
        let isDue = false;
        function schedule() {
          if (isDue) return;
          isDue = true;
          requestAnimationFrame(() => { isDue = false; drawLanes(); drawDots(); });
        }

        function tell(number) {
          const operation = operations[number];
          $('told').textContent = '#' + number + ' ' + names[operation[LOAD]] + ' '
            + names[operation[WHAT]] + '(' + operation[ASKED] + ') at ' + names[operation[KEY]]
            + ' by client ' + operation[CLIENT] + ', ' + seconds(operation[START]) + ' to '
            + seconds(operation[END]) + ' s, '
            + ((operation[END] - operation[START]) / 1e3).toFixed(3) + ' ms\n'
            + outcomes[operation[CODE]] + ': ' + operation[TOLD];
        }
        function point(event) {
          const canvas = $('lanes'), box = canvas.getBoundingClientRect();
          const at = timeAt(event.clientX - box.left, canvas.clientWidth);
          const lane = shown()[Math.floor((event.clientY - box.top - TOP) / LANE)];
          const near = (view.to - view.from) / canvas.clientWidth * 2;
          let best = -1, distance = near;
          if (lane) {
            for (let place = firstBar(lane, at); place < lane.bars.length; place += 1) {
              const operation = operations[lane.bars[place]];
              if (operation[START] > at + near) break;
              const gap = Math.max(0, operation[START] - at, at - operation[END]);
              if (gap <= distance) { best = lane.bars[place]; distance = gap; }
            }
          }
          if (best >= 0) return tell(best);
          const bands = data.faults.filter(fault => fault[0] <= at && at <= fault[1]);
          $('told').textContent = seconds(at) + ' s' + bands.map(fault => '\nfault: ' + fault[2]
            + ' of nodes ' + fault[3].join(', ') + ' ' + fault[4]).join('');
        }
        let drag = null;
        for (const canvas of [$('lanes'), $('dots')]) {
          canvas.addEventListener('wheel', event => {
            event.preventDefault();
            const box = canvas.getBoundingClientRect();
            zoom(event.deltaY > 0 ? 1.25 : .8,
              timeAt(event.clientX - box.left, canvas.clientWidth));
          }, { passive: false });
          canvas.addEventListener('pointerdown', event => {
            drag = { place: event.clientX, from: view.from, to: view.to };
            canvas.setPointerCapture(event.pointerId);
          });
          canvas.addEventListener('pointerup', () => { drag = null; });
          canvas.addEventListener('pointermove', event => {
            if (drag) {
              const by = (drag.place - event.clientX) / (canvas.clientWidth - LEFT)
                * (drag.to - drag.from);
              show(drag.from + by, drag.to + by);
            } else if (canvas.id === 'lanes') {
              point(event);
            }
          });
        }
        $('lanes').addEventListener('keydown', event => {
          const by = (view.to - view.from) / 5;
          const actions = { ArrowLeft: () => show(view.from - by, view.to - by),
            ArrowRight: () => show(view.from + by, view.to + by), '+': () => zoom(.8),
            '-': () => zoom(1.25) };
          if (!actions[event.key]) return;
          event.preventDefault();
          actions[event.key]();
        });
        $('all').onclick = () => show(0, whole);
        $('in').onclick = () => zoom(.5);
        $('out').onclick = () => zoom(2);
        $('workload').onchange = event => { view.workload = event.target.value; schedule(); };
        addEventListener('resize', schedule);
        matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
          readColors();
          schedule();
        });
        readColors();
        schedule();
        """#
}
