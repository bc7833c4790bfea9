/// What a node's disk lets it do.
package enum DiskHealth: Sendable {
    case good
    /// The log takes writes, so the node may vote and follow; what is applied has no room, so others
    /// should lead.
    case shouldNotLead
    /// The log takes no writes: it is full, or has not answered for too long.
    case cannotWrite
}
