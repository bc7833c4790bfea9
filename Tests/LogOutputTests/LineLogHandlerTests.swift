import LogOutput
import Logging
import Synchronization
import Testing

/// Lines that handlers have written.
private final class Lines: Sendable {
    private let lines = Mutex<[String]>([])

    func append(_ line: String) {
        lines.withLock { $0.append(line) }
    }

    var all: [String] {
        lines.withLock { $0 }
    }
}

private func lines(_ format: LineLogHandler.Format, _ body: (Logger) -> Void) -> [String] {
    let lines = Lines()
    var logger = Logger(label: "replica") { label in
        LineLogHandler(
            label: label, format: format, level: .info, now: { 1_795_233_883_123 },
            write: lines.append)
    }
    logger[metadataKey: "node"] = "3"
    body(logger)
    return lines.all
}

@Suite struct LineLogHandlerTests {
    @Test func `text lines are for people and stay one line each`() {
        let written = lines(.text) { logger in
            logger.warning("follower lags", metadata: ["records": "120", "why": "a \"b\"\n"])
            logger.debug("not written")
            logger.info("two\nlines", metadata: ["node": "4", "empty": "", "list": ["a", "b"]])
        }
        #expect(
            written == [
                "2026-11-21T04:04:43.123Z warning replica: follower lags node=3 records=120"
                    + " why=\"a \\\"b\\\"\\n\"\n",
                "2026-11-21T04:04:43.123Z info replica: two\\nlines empty=\"\""
                    + " list=\"[\\\"a\\\", \\\"b\\\"]\" node=4\n",
            ])
    }

    @Test func `JSON lines hold everything as one object`() {
        let written = lines(.json) { logger in
            logger.error("stopped", metadata: ["peers": ["1", "2"], "disk": ["path": "/d"]])
        }
        #expect(
            written == [
                #"{"time":"2026-11-21T04:04:43.123Z","level":"error","logger":"replica","#
                    + #""message":"stopped","disk":{"path":"/d"},"node":"3","peers":["1","2"]}"#
                    + "\n"
            ])
    }

    @Test(
        arguments: [
            (0, "1970-01-01T00:00:00.000Z"), (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (-1, "1969-12-31T23:59:59.999Z"), (4_107_542_399_999, "2100-02-28T23:59:59.999Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
        ] as [(Int64, String)])
    func `times are told in UTC`(milliseconds: Int64, text: String) {
        #expect(WallClock.text(milliseconds) == text)
    }
}
