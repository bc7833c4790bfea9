/// What this build's records mean; a replicated state is a function of the log only where all nodes
/// agree on it.
package enum FeatureLevel {
    /// Raised with every change of what an applied record does, that of a limit among
    /// `Limits.deciding` too.
    package static let current: UInt16 = 8
}

extension Limits {
    /// The limits that decide what becomes of a record when it is applied, or whether it can be read
    /// at all; the order is that of `ReplicationTerms`.
    ///
    /// Nodes on which one of them differs would come to different states, so they refuse each
    /// other. The values of a feature level never change: another value needs another level.
    package var deciding: [(name: String, value: Int)] {
        [
            ("frameBytes", frameBytes), ("frameRecords", frameRecords),
            ("transactionBytes", transactionBytes),
            ("operationsPerTransaction", operationsPerTransaction),
            ("expectationsPerTransaction", expectationsPerTransaction),
            ("transactionProperties", transactionProperties), ("keyBytes", keyBytes),
            ("valueBytes", valueBytes), ("outcomesPerSession", outcomesPerSession),
            ("sessions", sessions), ("triggers", triggers),
            ("retainedChangeRecords", retainedChangeRecords),
            ("retainedChangeBytes", retainedChangeBytes), ("members", members),
            ("rowPartBytes", rowPartBytes),
            ("outcomeBytesPerSession", outcomeBytesPerSession),
            ("outcomeBytesOfSessions", outcomeBytesOfSessions),
            ("triggerBytes", triggerBytes),
        ]
    }
}

/// What two nodes must have in common to replicate with each other.
///
/// | bytes | field |
/// |--:|---|
/// | 2 | feature level |
/// | 1 | number of values, at most 64 |
/// | 8 each | values of `Limits.deciding`, in its order |
package struct ReplicationTerms: Hashable, Sendable {
    /// Values that are read from another node, at most.
    package static let valueLimit = 64

    package let featureLevel: UInt16
    package let values: [UInt64]

    package init(featureLevel: UInt16 = FeatureLevel.current, values: [UInt64]) {
        precondition(values.count <= Self.valueLimit, "\(values.count) deciding limits")
        self.featureLevel = featureLevel
        self.values = values
    }

    /// The terms of a node of this build with `limits`.
    package init(_ limits: Limits) {
        self.init(values: limits.deciding.map { UInt64($0.value) })
    }

    package func encode(into writer: inout ByteWriter) {
        writer.writeUInt16(featureLevel)
        writer.writeUInt8(UInt8(values.count))
        for value in values { writer.writeUInt64(value) }
    }

    package static func decode(
        _ reader: inout ByteReader
    ) throws(DecodingFailure) -> ReplicationTerms {
        let level = try reader.readUInt16()
        let place = reader.position
        let count = Int(try reader.readUInt8())
        guard count <= valueLimit else {
            throw .overLimit(
                at: place, what: "deciding limits", value: UInt64(count), limit: UInt64(valueLimit))
        }
        var values: [UInt64] = []
        for _ in 0..<count { values.append(try reader.readUInt64()) }
        return ReplicationTerms(featureLevel: level, values: values)
    }

    /// What differs from the terms of another node, each with both values; nil where they agree.
    package func difference(from other: ReplicationTerms) -> String? {
        guard self != other else { return nil }
        guard featureLevel == other.featureLevel else {
            return "the feature level is \(featureLevel) at this node and "
                + "\(other.featureLevel) at the other end"
        }
        guard values.count == other.values.count else {
            return "\(values.count) limits decide outcomes at this node and "
                + "\(other.values.count) at the other end"
        }
        let names = Limits.standard.deciding.map(\.name)
        return zip(values, other.values).enumerated().compactMap { place, pair in
            guard pair.0 != pair.1 else { return nil }
            let name = place < names.count ? names[place] : "deciding limit \(place + 1)"
            return "the limit \(name) is \(pair.0) at this node and \(pair.1) at the other end"
        }.joined(separator: ", ")
    }
}
