/// Checks groups that are changed from the version that was read.
///
/// `read` → `[index, ordinal, value, copy]`, or null where there is none; `update(index, ordinal, value)`
/// → the index of its commit where the group was at that version, false where it was not. A value is
/// written once. Checked: both properties of a group are of one transaction; a version has one content,
/// that of the update which made it, or that of the set-up where it is older than every update's; an
/// update makes one version; a read that begins after a version was known sees none before it, nor is an
/// update made from one; from a version at most one update is made, to a greater one, and there is none
/// between the two; an update is refused only where there may have been another, and after that nobody
/// sees the version that it was to be made from; and an update that has failed is not seen. One whose
/// outcome is unknown counts as done where its value was read. Nothing is searched: linear but for
/// sorting.
package struct OptimisticChecker {
    package let workload: String

    package init(workload: String) {
        self.workload = workload
    }

    /// A version of a group.
    private struct Version: Hashable, Comparable, CustomStringConvertible {
        var index: Int64
        var ordinal: Int64

        static func < (one: Version, other: Version) -> Bool {
            (one.index, one.ordinal) < (other.index, other.ordinal)
        }

        var description: String {
            "\(index).\(ordinal)"
        }
    }

    /// What one operation tells of one group.
    private struct Update {
        var operation: Operation
        var base: Version
        var value: Int64
        /// The commit's index, if it was done: as answered, or as it was read where no answer came.
        var index: Int64?
    }

    private struct Sighting {
        var operation: Operation
        var version: Version
        var value: Int64
    }

    package func check(_ history: History) -> CheckReport {
        var report = CheckReport("\(workload): no update lost")
        let operations = history.operations(of: workload)
        let keys = Dictionary(grouping: operations, by: \.invocation.key)
        for (_, operations) in keys.sorted(by: { $0.key < $1.key }) {
            check(operations, &report)
        }
        let updates = operations.filter { $0.invocation.function == "update" }
        report.counts += [
            .init("groups", keys.count),
            .init("updates", updates.count { $0.result?.integer != nil }),
            .init("refused updates", updates.count { $0.result == .truth(false) }),
        ]
        return report
    }

    private func check(_ operations: [Operation], _ report: inout CheckReport) {
        var updates: [Update] = []
        var sightings: [Sighting] = []
        for operation in operations {
            let isKnown: Bool
            switch operation.invocation.function {
            case "read": isKnown = read(operation, &sightings, &report)
            case "update": isKnown = read(operation, &updates)
            default: isKnown = false
            }
            guard !isKnown else { continue }
            report.add(
                Finding(
                    "no operation of a group: \(operation)", operations: [operation.number]))
        }
        checkContents(sightings, updates, &report)
        // What was read of an update whose outcome is unknown says that it was done, and where.
        let read = Dictionary(
            sightings.map { ($0.value, $0.version.index) }, uniquingKeysWith: { first, _ in first })
        for place in updates.indices where updates[place].operation.isUnknown {
            updates[place].index = read[updates[place].value]
        }
        checkBases(updates, &report)
        checkBetween(sightings, updates, &report)
        checkOrder(sightings, updates, &report)
    }

    private func read(
        _ operation: Operation, _ sightings: inout [Sighting], _ report: inout CheckReport
    ) -> Bool {
        guard let result = operation.result else { return true }
        let absent: [Int64] = [0, 0, 0, 0]
        guard let numbers = result == .nothing ? absent : result.integers, numbers.count == 4
        else { return false }
        if numbers[2] != numbers[3] {
            report.add(
                Finding(
                    "half of an update is seen: \(operation)", operations: [operation.number]))
        }
        sightings.append(
            Sighting(
                operation: operation, version: Version(index: numbers[0], ordinal: numbers[1]),
                value: numbers[2]))
        return true
    }

    private func read(_ operation: Operation, _ updates: inout [Update]) -> Bool {
        guard let numbers = Datum.list(operation.invocation.arguments).integers, numbers.count == 3
        else { return false }
        var update = Update(
            operation: operation, base: Version(index: numbers[0], ordinal: numbers[1]),
            value: numbers[2])
        switch operation.result {
        case nil, .truth(false): break
        case .integer(let index): update.index = index
        case .nothing, .truth, .text, .list: return false
        }
        updates.append(update)
        return true
    }

    /// One update from a version at the most, to a greater one, and no refusal without a reason.
    private func checkBases(_ updates: [Update], _ report: inout CheckReport) {
        var done: [Version: Update] = [:]
        for update in updates {
            guard let index = update.index else { continue }
            if index <= update.base.index {
                report.add(
                    Finding(
                        "a version does not grow: \(update.operation)",
                        operations: [update.operation.number]))
            }
            if let other = done.updateValue(update, forKey: update.base) {
                report.add(
                    Finding(
                        "two updates from version \(update.base), so that one is lost: "
                            + "\(other.operation); \(update.operation)",
                        operations: [other.operation.number, update.operation.number]))
            }
        }
        let possible = Dictionary(
            grouping: updates.filter { $0.index != nil || $0.operation.isUnknown }, by: \.base)
        for update in updates where update.operation.result == .truth(false) {
            let reasons = possible[update.base] ?? []
            guard !reasons.contains(where: { !update.operation.precedes($0.operation) }) else {
                continue
            }
            report.add(
                Finding(
                    "refused, though nobody had changed version \(update.base): "
                        + "\(update.operation)", operations: [update.operation.number]))
        }
    }

    /// An update is made from the newest version: no other lies between that and its own.
    private func checkBetween(
        _ sightings: [Sighting], _ updates: [Update], _ report: inout CheckReport
    ) {
        let known = (sightings.map(\.version.index) + updates.compactMap(\.index)).sorted()
        for update in updates {
            guard let index = update.index else { continue }
            // The first that is greater than the base.
            var (low, high) = (0, known.count)
            while low < high {
                let middle = (low + high) / 2
                if known[middle] > update.base.index { high = middle } else { low = middle + 1 }
            }
            guard low < known.count, known[low] < index else { continue }
            report.add(
                Finding(
                    "done at \(index) from version \(update.base), though there was one at "
                        + "\(known[low]): \(update.operation)",
                    operations: [update.operation.number]))
        }
    }

    /// What may be read of a group: which update wrote each value, and which one made each version.
    private struct Writers {
        var byValue: [Int64: Update] = [:]
        var byIndex: [Int64: Update] = [:]
        /// The least index of an update that was done.
        var first = Int64.max

        init(_ updates: [Update]) {
            for update in updates {
                byValue[update.value] = update
                guard let index = update.index else { continue }
                byIndex[index] = update
                first = min(first, index)
            }
        }
    }

    /// A version has one content, which is that of the update that made it.
    private func checkContents(
        _ sightings: [Sighting], _ updates: [Update], _ report: inout CheckReport
    ) {
        let writers = Writers(updates)
        var contents: [Version: Sighting] = [:]
        var versions: [Int64: Sighting] = [:]
        for sighting in sightings {
            if let fault = fault(of: sighting, writers) {
                report.add(
                    Finding(
                        "\(fault): \(sighting.operation)", operations: [sighting.operation.number]))
            }
            // What nobody wrote is of one version too, that of the set-up, but for what is not there.
            let isThere = sighting.version > Version(index: 0, ordinal: 0)
            let value = writers.byValue[sighting.value] == nil ? nil : sighting.value
            if isThere, let other = versions.updateValue(sighting, forKey: value ?? .min),
                other.version != sighting.version
            {
                report.add(
                    Finding(
                        "\(sighting.value) is seen as version \(other.version) and as "
                            + "\(sighting.version): \(sighting.operation)",
                        operations: [other.operation.number, sighting.operation.number]))
            }
            if let other = contents[sighting.version], other.value != sighting.value {
                report.add(
                    Finding(
                        "version \(sighting.version) has two values: \(other.operation); "
                            + "\(sighting.operation)",
                        operations: [other.operation.number, sighting.operation.number]))
            }
            contents[sighting.version] = sighting
            guard let writer = writers.byValue[sighting.value] else { continue }
            let numbers = [writer.operation.number, sighting.operation.number]
            if writer.operation.hasFailed || writer.operation.result == .truth(false) {
                report.add(
                    Finding("not done, but seen: \(writer.operation)", operations: numbers))
            } else if let index = writer.index, index != sighting.version.index {
                report.add(
                    Finding(
                        "done at \(index), but seen as \(sighting.version): \(writer.operation)",
                        operations: numbers))
            }
        }
    }

    /// What is wrong with the content that is read of a version, in words.
    private func fault(of sighting: Sighting, _ writers: Writers) -> String? {
        let index = sighting.version.index
        if let maker = writers.byIndex[index], maker.value != sighting.value {
            return "\(maker.value) was written as version \(index), and another value is seen"
        }
        if writers.byValue[sighting.value] == nil, index >= writers.first {
            return "nobody wrote what is seen"
        }
        return nil
    }

    /// What was known before a read or an update began, that must see.
    private func checkOrder(
        _ sightings: [Sighting], _ updates: [Update], _ report: inout CheckReport
    ) {
        var known: [(end: Int, index: Int64)] = sightings.compactMap { sighting in
            sighting.operation.endEvent.map { ($0, sighting.version.index) }
        }
        known += updates.compactMap { update in
            guard let end = update.operation.endEvent else { return nil }
            switch update.operation.result {
            case .integer(let index): return (end, index)
            // Who was refused knows that there is a newer one than its own.
            case .truth(false): return (end, min(update.base.index, .max - 1) + 1)
            default: return nil
            }
        }
        known.sort { $0.end < $1.end }
        var seen = sightings.map { ($0.operation, $0.version.index) }
        seen += updates.filter { $0.index != nil }.map { ($0.operation, $0.base.index) }
        var next = 0
        var newest = Int64.min
        for (operation, index) in seen.sorted(by: { $0.0.startEvent < $1.0.startEvent }) {
            while next < known.count, known[next].end < operation.startEvent {
                newest = max(newest, known[next].index)
                next += 1
            }
            guard index < newest else { continue }
            report.add(
                Finding(
                    "version \(newest) was known, but \(operation) sees an older one",
                    operations: [operation.number]))
        }
    }
}
