import Histories
import IOCore
import Testing

@Suite struct HistoryReaderTests {
    private static let head =
        #"{"format":"lockstep-history","version":1,"seed":"7","title":"t"}"# + "\n"
    private static let invoke =
        #"{"t":1,"event":"invoke","op":0,"client":2,"workload":"w","function":"read","key":"k","#
        + #""arguments":[]}"# + "\n"

    private func read(_ text: String) throws(HistoryFailure) -> History {
        try HistoryReader.read(Array(text.utf8))
    }

    private func everyKind() -> History {
        let recorder = HistoryRecorder(seed: .max, title: "all \"kinds\"\n", now: { 5 })
        let fault = recorder.beginFault(kind: "partition", nodes: [3, 1], details: "halves")
        for outcome in [
            Outcome.done([1, "zwölf\u{1}", .nothing, true, [-9_007_199_254_740_993]]),
            .failed("no"),
            .unknown("perhaps"),
        ] {
            let number = recorder.invoke(
                client: 4, workload: "register", function: "cas", key: "r/1",
                arguments: [1, "</b>"])
            if let number { recorder.complete(number, outcome) }
        }
        recorder.observe(
            Observation(client: 9, workload: "watch", function: "see", key: "", value: [7]))
        recorder.noteLeader(node: 2, term: 3)
        recorder.noteLeader(node: 2, term: 3)
        recorder.endFault(fault)
        recorder.note("end")
        return recorder.history
    }

    @Test func `what is written is read again`() throws {
        let history = everyKind()
        #expect(history.events.count == 11)
        #expect(try read(history.lines) == history)
    }

    @Test func `the lines have the form that is documented`() {
        let lines = everyKind().lines.split(separator: "\n").map(String.init)
        #expect(
            lines.first
                == #"{"format":"lockstep-history","version":1,"seed":"18446744073709551615","#
                + #""title":"all \"kinds\"\n"}"#)
        #expect(
            lines[1]
                == #"{"t":5,"event":"fault","fault":0,"kind":"partition","nodes":[1,3],"#
                + #""details":"halves"}"#)
        #expect(
            lines[2]
                == #"{"t":5,"event":"invoke","op":0,"client":4,"workload":"register","#
                + #""function":"cas","key":"r/1","arguments":[1,"</b>"]}"#)
        #expect(
            lines[3]
                == #"{"t":5,"event":"ok","op":0,"#
                + #""result":[1,"zwölf\u0001",null,true,[-9007199254740993]]}"#)
        #expect(lines.last == #"{"t":5,"event":"note","text":"end"}"#)
    }

    @Test func `a sink is given the same lines`() {
        let sink = Locked<[UInt8]>([])
        let recorder = HistoryRecorder(
            seed: 1, title: "t", now: { 0 }, sink: { bytes in sink.withLock { $0 += bytes } })
        recorder.note("one")
        recorder.note("two")
        recorder.flush()
        #expect(String(decoding: sink.withLock { $0 }, as: UTF8.self) == recorder.history.lines)
    }

    @Test func `a full recorder refuses operations and takes faults`() {
        let recorder = HistoryRecorder(seed: 1, title: "t", mostEvents: 2, now: { 0 })
        let first = recorder.invoke(client: 1, workload: "w", function: "f", key: "k")
        #expect(first == 0)
        recorder.complete(0, .done(.nothing))
        #expect(recorder.isFull)
        #expect(recorder.invoke(client: 1, workload: "w", function: "f", key: "k") == nil)
        #expect(recorder.beginFault(kind: "kill", nodes: [1]) == 0)
        #expect(recorder.history.events.count == 3)
    }

    @Test func `a clock that goes back does not take the events back`() {
        let times = Locked<[UInt64]>([3, 9, 4])
        let recorder = HistoryRecorder(
            seed: 1, title: "t", now: { times.withLock { $0.removeFirst() } })
        for _ in 0..<3 { recorder.note("n") }
        #expect(recorder.history.events.map(\.nanoseconds) == [3, 9, 9])
    }

    @Test(arguments: [
        ("", "line 1 of the history: there is no first line with the format"),
        ("{}\n", "line 1 of the history: $ has no member \"format\""),
        (
            #"{"format":"lockstep-history","version":2,"seed":"7","title":"t"}"# + "\n",
            "line 1 of the history: $ is not of format lockstep-history 1"
        ),
        (head + "\n", "line 2 of the history: line 1, column 1: "),
        (head + "{}\n", "line 2 of the history: $ has no member \"event\""),
        (head + #"{"t":1,"event":"end"}"# + "\n", "line 2 of the history: $.event must be one of"),
        (head + #"{"t":-1,"event":"note","text":""}"# + "\n", "line 2 of the history: $.t must be"),
        (
            head + #"{"event":"note","text":""}"# + "\n",
            "line 2 of the history: $ has no member \"t\""
        ),
        (
            head + #"{"t":1,"event":"note","text":"","x":1}"# + "\n",
            "line 2 of the history: $ has a member \"x\""
        ),
        (
            head + #"{"t":2,"event":"note","text":""}"# + "\n"
                + #"{"t":1,"event":"note","text":""}"# + "\n",
            "line 3 of the history: $ is at 1 ns, before the last event's 2"
        ),
        (
            head + #"{"t":2,"event":"ok","op":0,"result":null}"# + "\n",
            "line 2 of the history: $ completes operation 0, which is not under way"
        ),
        (
            head + invoke + invoke,
            "line 3 of the history: $ invokes operation 0, where 1 is due"
        ),
        (
            head + invoke + #"{"t":1,"event":"ok","op":0,"result":{}}"# + "\n",
            "line 3 of the history: $.result must be no object"
        ),
        (
            head + #"{"t":1,"event":"heal","fault":0,"details":""}"# + "\n",
            "line 2 of the history: $ ends fault 0, which is not under way"
        ),
        (
            head + #"{"t":1,"event":"fault","fault":1,"kind":"","nodes":[],"details":""}"# + "\n",
            "line 2 of the history: $ begins fault 1, where 0 is due"
        ),
    ])
    func `what is no history is refused`(_ text: String, _ message: String) {
        do {
            let history = try read(text)
            Issue.record("read as \(history)")
        } catch {
            #expect(error.description.hasPrefix(message), "\(error)")
        }
    }

    @Test func `a last line that was cut off is left out`() throws {
        let whole = try read(Self.head + Self.invoke)
        let next = Self.invoke.replacing("\"op\":0", with: "\"op\":1")
        for count in 1..<next.utf8.count - 1 {
            let cut = try read(Self.head + Self.invoke + next.prefix(count))
            #expect(cut.events == whole.events, "\(count)")
            #expect(cut.cutBytes == count)
        }
        let long = String(repeating: "x", count: HistoryReader.Limits().lineBytes + 1)
        #expect(throws: HistoryFailure.self) { try read(Self.head + Self.invoke + long) }
    }

    @Test func `the first line is looked at by itself`() throws {
        try HistoryReader.checkFirstLine(Array((Self.head + "what is no event").utf8))
        #expect(throws: HistoryFailure.self) {
            try HistoryReader.checkFirstLine(Array(Self.invoke.utf8))
        }
        #expect(throws: HistoryFailure.self) {
            try HistoryReader.checkFirstLine([UInt8](repeating: 0, count: 2 << 20))
        }
    }

    @Test func `limits hold`() {
        var limits = HistoryReader.Limits()
        limits.events = 1
        let note = #"{"t":1,"event":"note","text":"abc"}"# + "\n"
        let text = Array((Self.head + note + note).utf8)
        #expect(throws: HistoryFailure(line: 3, message: "more than 1 events")) {
            try HistoryReader.read(text, limits: limits)
        }
        limits = HistoryReader.Limits()
        limits.lineBytes = 10
        #expect(throws: HistoryFailure(line: 1, message: "64 bytes; the most are 10")) {
            try HistoryReader.read(text, limits: limits)
        }
    }

    @Test func `an operation without an answer has an unknown outcome`() throws {
        let operations = try read(Self.head + Self.invoke).operations
        #expect(operations.count == 1)
        #expect(operations.first?.isUnknown == true)
        #expect(operations.first?.end == nil)
    }
}
