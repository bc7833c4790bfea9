import Properties
import SCF
import Testing

struct ValueTests {
    private func value() throws -> Value {
        // A handle that is never bound will do.
        Value(try MemoryCluster().handle())
    }

    @Test func `a value that is not set has nothing to tell`() throws {
        let value = try value()
        #expect(value.type == nil)
        #expect(failure { () throws(Failure) in try value.get(as: .count) } == .notSet)
        #expect(failure { () throws(Failure) in try value.string() } == .notSet)
        #expect(failure { () throws(Failure) in try value.requireType(.count) } == .notSet)
    }

    @Test func `it is read as its own type and those above`() throws {
        let value = try value()
        try value.set(fromString: Array("svc:/a".utf8), type: .fmri)
        for type in [PropertyType.fmri, .uri, .ustring, .astring] {
            try value.requireType(type)
            #expect(try value.get(as: type).text == Array("svc:/a".utf8))
            #expect(try value.string(as: type) == Array("svc:/a".utf8))
        }
        #expect(failure { () throws(Failure) in try value.get(as: .host) } == .typeMismatch)
        #expect(failure { () throws(Failure) in try value.requireType(.host) } == .typeMismatch)
        #expect(failure { () throws(Failure) in try value.requireType(nil) } == .invalidArgument)
        #expect(failure { () throws(Failure) in try value.string(as: .count) } == .typeMismatch)
        value.reset()
        #expect(failure { () throws(Failure) in try value.string(as: nil) } == .invalidArgument)
    }

    @Test func `a setting that fails leaves nothing`() throws {
        let value = try value()
        try value.set(.count(1), type: .count)
        let invalid = failure { () throws(Failure) in
            try value.set(.time(seconds: 1, nanoseconds: 1_000_000_000), type: .time)
        }
        #expect(invalid == .invalidArgument)
        #expect(value.type == nil)
        try value.set(.count(1), type: .count)
        let bad = failure { () throws(Failure) in
            try value.set(fromString: Array("yes".utf8), type: .boolean)
        }
        #expect(bad == .invalidArgument)
        #expect(value.type == nil)
        let untyped = failure { () throws(Failure) in
            try value.set(fromString: [], type: nil)
        }
        #expect(untyped == .typeMismatch)
    }
}
