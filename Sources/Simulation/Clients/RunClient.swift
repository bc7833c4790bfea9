/// A client of a run, however it speaks with the nodes.
protocol RunClient: AnyObject {
    /// Its host, to the network.
    var name: String { get }
    /// Operations that have come to an end.
    var finished: Int { get }
    /// Whether nothing is under way.
    var isIdle: Bool { get }
    /// What it is doing, for people.
    var state: String { get }

    func start()
    /// Lets what is under way come to its end and begins nothing else.
    func stop()
    /// Lets go of everything.
    func end()
}
