extension Timeline {
    /// The look of the page, in light and dark.
    static let style = """
        :root { color-scheme: light dark; --text: #1b1f24; --back: #ffffff; --soft: #57606a;
          --line: #d0d7de; --panel: #f6f8fa; --done: #0072b2; --failed: #b07400;
          --unknown: #c04a00; --mark: #b0307f; --band: rgba(192, 74, 0, .13); --good: #116329;
          --leader: #6e40c9; }
        @media (prefers-color-scheme: dark) { :root { --text: #e6edf3; --back: #0d1117;
          --soft: #9da7b3; --line: #30363d; --panel: #161b22; --done: #58a6ff; --failed: #e3b341;
          --unknown: #ff8f57; --mark: #ff7ac6; --band: rgba(255, 143, 87, .17); --good: #56d364;
          --leader: #bc9cff; } }
        body { margin: 1rem auto; max-width: 90rem; padding: 0 1rem; color: var(--text);
          background: var(--back); font: 14px/1.45 system-ui, sans-serif; }
        h1 { font-size: 1.3rem; } h2 { font-size: 1.05rem; margin: 1.2rem 0 .3rem; }
        table { border-collapse: collapse; margin: .6rem 0; }
        th, td { text-align: left; padding: .15rem .7rem; border-bottom: 1px solid var(--line);
          vertical-align: top; }
        td.number { text-align: right; font-variant-numeric: tabular-nums; }
        .good { color: var(--good); } .bad { color: var(--unknown); font-weight: 600; }
        .soft { color: var(--soft); }
        canvas { display: block; width: 100%; background: var(--panel);
          border: 1px solid var(--line); touch-action: none; cursor: crosshair; }
        button, select { font: inherit; color: inherit; background: var(--panel);
          border: 1px solid var(--line); border-radius: 4px; padding: .1rem .6rem; }
        .bar { display: flex; flex-wrap: wrap; gap: .5rem 1rem; align-items: center;
          margin: .5rem 0; }
        .key::before { content: ""; display: inline-block; width: .8em; height: .8em;
          margin-right: .35em; background: var(--color); border-radius: 2px; }
        #told { min-height: 3em; white-space: pre-wrap; overflow-wrap: anywhere;
          font: 12px/1.4 ui-monospace, monospace; }
        #findings li { cursor: pointer; overflow-wrap: anywhere; margin: .2rem 0; }
        #findings li:hover { text-decoration: underline; }
        """

    /// What the script fills.
    static let stage = """
        <h2>Findings</h2>
        <ol id="findings"></ol>
        <h2>Operations by client</h2>
        <div class="bar">
        <button id="all">Whole run</button><button id="in">Zoom in</button>
        <button id="out">Zoom out</button>
        <label>Workload <select id="workload"><option value="">all</option></select></label>
        <span class="key" style="--color: var(--done)">done</span>
        <span class="key" style="--color: var(--failed)">failed</span>
        <span class="key" style="--color: var(--unknown)">unknown</span>
        <span class="key" style="--color: var(--band)">fault</span>
        <span class="key" style="--color: var(--leader)">leader</span>
        <span class="key" style="--color: var(--mark)">finding</span>
        <span class="soft">wheel: zoom; drag: move; arrows, + and -: keys; point: details</span>
        </div>
        <canvas id="lanes" tabindex="0" role="img"
        aria-label="Operations by client over time; the table below has the numbers"></canvas>
        <div id="told" class="soft">Point at a bar, a dot or a band.</div>
        <h2>Latency, logarithmic</h2>
        <canvas id="dots" role="img"
        aria-label="Latency of each operation; the table below has the percentiles"></canvas>
        <h2>Latency in milliseconds</h2>
        <table id="latency"><thead><tr><th>workload</th><th>function</th><th>done</th>
        <th>failed</th><th>unknown</th><th>median</th><th>90 %</th><th>99 %</th><th>longest</th>
        </tr></thead><tbody></tbody></table>
        <h2>Faults</h2>
        <table id="faults"><thead><tr><th>from, s</th><th>to, s</th><th>kind</th><th>nodes</th>
        <th>details</th></tr></thead><tbody></tbody></table>
        <h2>Notes</h2>
        <table id="notes"><thead><tr><th>at, s</th><th>note</th></tr></thead><tbody></tbody></table>
        """
}
