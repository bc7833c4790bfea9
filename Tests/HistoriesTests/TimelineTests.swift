import Histories
import Testing

@Suite struct TimelineTests {
    private static let hostile = "</script><img src=x onerror=alert(1)>'\"&\u{2028}"

    private func page() -> String {
        let recorder = HistoryRecorder(seed: 3, title: Self.hostile, now: { 5_000 })
        let fault = recorder.beginFault(kind: Self.hostile, nodes: [1], details: Self.hostile)
        let number = recorder.invoke(
            client: 1, workload: Self.hostile, function: Self.hostile, key: Self.hostile,
            arguments: [.text(Self.hostile)])
        recorder.complete(number ?? 0, .failed(Self.hostile))
        recorder.note(Self.hostile)
        recorder.endFault(fault)
        let report = CheckReport(
            Self.hostile, counts: [.init(Self.hostile, 1)],
            findings: [Finding(Self.hostile, operations: [0])])
        return Timeline(
            recorder.history, reports: [report], rows: [(Self.hostile, Self.hostile)]
        ).page
    }

    @Test func `no text of a history can become markup`() {
        let page = page()
        #expect(!page.contains("<img"))
        #expect(page.ranges(of: "</script>").count == 2)
        #expect(page.contains("&lt;/script&gt;&lt;img src=x onerror=alert(1)&gt;&#39;&quot;&amp;"))
    }

    @Test func `a page needs nothing but itself`() {
        let page = page()
        for word in [
            "http:", "https:", "//cdn", "src=\"", "@import", "url(", "fetch(", "innerHTML",
        ] {
            #expect(!page.contains(word), "\(word)")
        }
        #expect(page.contains("default-src 'none'"))
    }

    @Test func `all that the script asks for by name is in the page`() {
        let page = page()
        let asked = page.matches(of: /\$\('([a-z]+)'\)/).map { String($0.1) }
        #expect(Set(asked).count >= 8)
        for name in asked { #expect(page.contains("id=\"\(name)\""), "\(name)") }
    }

    @Test func `a verdict is in the table in words`() {
        let history = History(seed: 1, title: "t")
        let reports = [
            CheckReport("one"), CheckReport("two", findings: [Finding("x")]),
            CheckReport("three", findings: [Finding(.undecided, "y")]),
        ]
        let page = Timeline(history, reports: reports).page
        for (name, verdict) in [("one", "clean"), ("two", "violated"), ("three", "not decided")] {
            let color = verdict == "clean" ? "good" : "bad"
            let found = page.contains(
                "<td>\(name)</td><td class=\"\(color)\">\(verdict)</td>")
            #expect(found, "\(name)")
        }
    }
}
