import Testing
import TextOutput

@Suite struct TableTests {
    @Test func `columns are aligned by what a terminal shows`() {
        var table = Table([.init("NODE"), .init("LAG", .right), .init("ROLE")])
        table.append(["1", "0", "leader"])
        table.append(["日本", "12 345", "e\u{301}"])
        table.append(["a\u{1B}[2J", "", ""])
        #expect(
            table.text == """
                NODE           LAG  ROLE
                1                0  leader
                日本        12 345  e\u{301}
                a\\u{1B}[2J

                """)
    }

    @Test func `lines stay lines when control characters are made visible`() {
        #expect(Table.visibleLines("a\u{1B}[2J\nb\n") == "a\\u{1B}[2J\nb\n")
        #expect(Table.visible("a\u{200B}b\u{202E}\u{FEFF}") == "a\\u{200B}b\\u{202E}\\u{FEFF}")
        #expect(Table.visible("\u{645}\u{200C}\u{645}") == "\u{645}\u{200C}\u{645}")
    }

    @Test func `a table without headings has none`() {
        var table = Table([.init(""), .init("")])
        table.append(["a", "b"])
        #expect(table.text == "a  b\n")
    }
}

@Suite struct UnitsTests {
    @Test(
        arguments: [
            (0, "0 B"), (999, "999 B"), (1_000, "0.98 KiB"), (1_536, "1.50 KiB"),
            (64 << 20, "64.0 MiB"),
            (1_023 << 20, "1.00 GiB"), (UInt64.max, "16.0 EiB"),
        ] as [(UInt64, String)])
    func `bytes have binary units`(count: UInt64, text: String) {
        #expect(Units.bytes(count) == text)
    }

    @Test(
        arguments: [
            (.zero, "0 s"), (.microseconds(3), "3.00 µs"), (.milliseconds(170), "170 ms"),
            (.milliseconds(1_500), "1.50 s"), (.seconds(125), "2 min 5 s"),
            (.seconds(3_700), "1 h 1 min"), (.seconds(90_000), "1 d 1 h"),
            (.milliseconds(-5), "-5.00 ms"), (.microseconds(999_900), "1.00 s"),
        ] as [(Duration, String)])
    func `durations have the unit that fits`(duration: Duration, text: String) {
        #expect(Units.duration(duration) == text)
    }

    @Test func `a number that has no room is a dash`() {
        #expect(Units.decimal(9_223_372_036_854_775_808, digits: 1) == "-")
        #expect(Units.decimal(.infinity, digits: 0) == "-")
        #expect(Units.decimal(.nan, digits: 2) == "-")
        #expect(Units.decimal(-123_456_789, digits: 9) == "-123456789.000000000")
    }

    @Test func `counts are grouped`() {
        #expect(Units.count(1) == "1")
        #expect(Units.count(61_050) == "61\u{202F}050")
        #expect(Units.count(-123_456) == "-123\u{202F}456")
    }
}

@Suite struct ProgressBarTests {
    @Test func `the line tells share, rate and what is left`() {
        let bar = ProgressBar(title: "import", total: 200, width: 80)
        #expect(
            bar.line(done: 0, elapsed: .zero)
                == "import [........................................] 0% 0/200")
        #expect(
            bar.line(done: 50, elapsed: .seconds(2))
                == "import [#########..............................] 25% 50/200 25.0/s, 6.00 s left"
        )
        #expect(bar.line(done: 200, elapsed: .seconds(8)).hasSuffix("] 100% 200/200 25.0/s"))
    }

    @Test func `what is left is guessed from a second on`() {
        let bar = ProgressBar(title: "import", total: 200, width: 80)
        #expect(
            bar.line(done: 1, elapsed: .milliseconds(500))
                == "import [........................................] 0% 1/200 2.00/s")
        #expect(
            bar.line(done: 2, elapsed: .seconds(1))
                == "import [.....................................] 1% 2/200 2.00/s, 1 min 39 s left"
        )
    }

    @Test func `without a total there is no share`() {
        let bar = ProgressBar(title: "rows", total: nil, width: 80)
        #expect(bar.line(done: 0, elapsed: .zero) == "rows 0")
        #expect(bar.line(done: 50, elapsed: .seconds(2)) == "rows 50 25.0/s")
    }

    @Test(arguments: 0...90)
    func `the line is never wider than the terminal`(width: Int) {
        for total in [1_000, nil] {
            let bar = ProgressBar(title: "import", total: total, width: width)
            #expect(bar.line(done: 333, elapsed: .seconds(3)).count <= max(width - 1, 0))
        }
    }

    @Test func `nothing to do is all done`() {
        #expect(
            ProgressBar(title: "x", total: 0, width: 40).line(done: 0, elapsed: .zero).contains(
                "100% 0/0"))
    }
}
