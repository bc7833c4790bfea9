/// What can be done to what hosts send to each other.
protocol PacketFaults: Sendable {
    /// Lays the conditions of one fault over those of the others.
    func apply(_ layer: [Link: LinkCondition], fault: Int)

    /// Takes them away.
    func heal(fault: Int)

    /// What was done so far.
    var counts: LinkTable.Counts { get }
}

extension PacketSwitch: PacketFaults {}
extension StreamProxy: PacketFaults {}
