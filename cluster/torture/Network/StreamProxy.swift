import Glibc
import IOCore

/// Carries the connections between the hosts of a run on loopback, where there are no namespaces, and
/// does to them what the link table says.
///
/// Each port of a node has one here, which the node advertises. Who connects is seen from the system's
/// list of sockets: the harness, or one of the nodes' processes. It is TCP that is cut and delayed here
/// and not packets: what is lost comes late, nothing overtakes, and nothing comes twice.
package final class StreamProxy: Sendable {
    /// A port and whose it is.
    package struct Route: Sendable {
        /// Where the proxy listens; 0 for any free port.
        let port: UInt16
        let node: Host
        /// Where the node listens, on 127.0.0.1.
        let target: UInt16

        package init(port: UInt16, node: Host, target: UInt16) {
            self.port = port
            self.node = node
            self.target = target
        }
    }

    private struct State {
        var table: LinkTable
        var processes: [Host: pid_t] = [:]
        var isStopping = false
    }

    /// Two sockets, and a pipe for each direction.
    private struct Passage {
        let near: Int32
        let far: Int32
        var there: StreamPipe
        var back: StreamPipe
    }

    private let listeners: [(descriptor: Int32, route: Route)]
    private let state: Locked<State>
    private let thread = Locked<JoinableThread?>(nil)

    /// Listens on all routes and starts; throws if a port is taken.
    package init(_ routes: [Route], seed: UInt64) throws(TortureFailure) {
        var listeners: [(Int32, Route)] = []
        for route in routes {
            let descriptor = unsafe Self.socket(to: route.port) { unsafe bind($0, $1, $2) }
            guard let descriptor, listen(descriptor, 64) == 0 else {
                for listener in listeners { close(listener.0) }
                throw TortureFailure("cannot listen at port \(route.port): \(Files.words(errno))")
            }
            listeners.append((descriptor, route))
        }
        self.listeners = listeners.map { (descriptor: $0.0, route: $0.1) }
        state = Locked(State(table: LinkTable(seed: seed)))
        let thread = JoinableThread(name: "proxy") { self.work() }
        self.thread.withLock { $0 = thread }
    }

    /// Throws if nothing more can listen at a port, such as where something does.
    package static func checkIsFree(_ port: UInt16) throws(TortureFailure) {
        close(try keep(port))
    }

    /// Listens at a port, and lets nobody else; until the descriptor is closed, or the process ends.
    @discardableResult
    static func keep(_ port: UInt16) throws(TortureFailure) -> Int32 {
        let descriptor = unsafe Self.socket(to: port) { unsafe bind($0, $1, $2) }
        guard let descriptor, listen(descriptor, 1) == 0 else {
            let reason = Files.words(errno)
            if let descriptor { close(descriptor) }
            throw TortureFailure(
                "cannot listen at port \(port): \(reason); one base port is for one run at a time, "
                    + "and --base-port names another")
        }
        return descriptor
    }

    /// Ends the thread and closes everything; a second call does nothing.
    package func stop() {
        guard let thread = thread.withLock({ $0.take() }) else { return }
        state.withLock { $0.isStopping = true }
        thread.join()
        for listener in listeners { close(listener.descriptor) }
    }

    /// The ports at which it listens, in the order of the routes.
    package var ports: [UInt16] {
        listeners.map { Self.port(of: $0.descriptor) }
    }

    /// The port to which a socket is bound.
    private static func port(of descriptor: Int32) -> UInt16 {
        var address = sockaddr_in()
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let code = unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                unsafe getsockname(descriptor, pointer, &size)
            }
        }
        precondition(code == 0, "a listener without a name: \(Files.words(errno))")
        return UInt16(bigEndian: address.sin_port)
    }

    /// Notes as which process a node runs from now on.
    func note(_ node: Host, runsAs process: pid_t) {
        state.withLock { $0.processes[node] = process }
    }

    package func apply(_ layer: [Link: LinkCondition], fault: Int) {
        state.withLock { $0.table.apply(layer.mapValues(Self.possible), fault: fault) }
    }

    package func heal(fault: Int) {
        state.withLock { $0.table.heal(fault: fault) }
    }

    package var counts: LinkTable.Counts {
        state.withLock(\.table.counts)
    }

    /// What of a condition a stream can have.
    private static func possible(_ condition: LinkCondition) -> LinkCondition {
        var possible = condition
        possible.duplicationPermille = 0
        possible.mayReorder = false
        return possible
    }

    // MARK: - The thread

    /// The passages, each at a place of its own as long as it lasts, and what is waited for.
    private struct Hall {
        /// Nil where a passage is over, until another one takes the place.
        var passages: [Passage?] = []
        /// The listeners, then two sockets for each place.
        var polls: [pollfd]
        let listenerCount: Int
        /// Places with something in a pipe.
        var busy: Set<Int> = []

        mutating func add(_ passage: Passage) {
            let place = passages.firstIndex { $0 == nil } ?? passages.count
            if place == passages.count {
                passages.append(nil)
                polls += [pollfd(fd: -1, events: 0, revents: 0)]
                polls += [pollfd(fd: -1, events: 0, revents: 0)]
            }
            put(passage, at: place)
        }

        /// Takes a passage back, or ends it for nil, and waits for what it waits for.
        mutating func put(_ passage: Passage?, at place: Int) {
            passages[place] = passage
            let first = listenerCount + 2 * place
            guard let passage else {
                busy.remove(place)
                polls[first].fd = -1
                polls[first + 1].fd = -1
                return
            }
            let isBusy = passage.there.nextDue != nil || passage.back.nextDue != nil
            if isBusy { busy.insert(place) } else { busy.remove(place) }
            // What is full or at its end is not waited for: poll would tell of it again and again.
            polls[first] = pollfd(
                fd: passage.there.mayRead ? passage.near : -1, events: Int16(POLLIN), revents: 0)
            polls[first + 1] = pollfd(
                fd: passage.back.mayRead ? passage.far : -1, events: Int16(POLLIN), revents: 0)
        }

        /// The sockets of a place that have something to say.
        func events(at place: Int) -> (near: Bool, far: Bool) {
            let first = listenerCount + 2 * place
            return (polls[first].revents != 0, polls[first + 1].revents != 0)
        }

        /// When the next pipe has something to be written; 5 ms on where a socket takes no more.
        func nextDue(after now: UInt64) -> UInt64 {
            var next = now + 50
            for place in busy {
                for due in [passages[place]?.there.nextDue, passages[place]?.back.nextDue] {
                    if let due { next = min(next, due > now ? due : now + 5) }
                }
            }
            return next
        }
    }

    private func work() {
        var hall = Hall(
            polls: listeners.map {
                pollfd(fd: $0.descriptor, events: Int16(POLLIN), revents: 0)
            }, listenerCount: listeners.count)
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while !state.withLock(\.isStopping) {
            let before = Self.milliseconds()
            let time = Int32(hall.nextDue(after: before) - before)
            guard unsafe poll(&hall.polls, nfds_t(hall.polls.count), time) >= 0 else { continue }
            let now = Self.milliseconds()
            for place in hall.passages.indices {
                let events = hall.events(at: place)
                guard events.near || events.far || hall.busy.contains(place),
                    var passage = hall.passages[place]
                else { continue }
                hall.passages[place] = nil
                let goesOn = carry(&passage, events, now, &buffer)
                if !goesOn { Self.end(passage) }
                hall.put(goesOn ? passage : nil, at: place)
            }
            for (place, listener) in listeners.enumerated()
            where hall.polls[place].revents != 0 {
                if let passage = accept(listener.descriptor, listener.route) { hall.add(passage) }
            }
        }
        for case let passage? in hall.passages { Self.end(passage) }
    }

    /// Ends both connections, also where a node that was just started has inherited a socket.
    private static func end(_ passage: Passage) {
        for socket in [passage.near, passage.far] {
            shutdown(socket, Int32(SHUT_RDWR))
            close(socket)
        }
    }

    /// Reads what has come and writes what is due, without waiting; false once the passage is over.
    private func carry(
        _ passage: inout Passage, _ events: (near: Bool, far: Bool), _ now: UInt64,
        _ buffer: inout [UInt8]
    ) -> Bool {
        if events.near { read(passage.near, into: &passage.there, now, &buffer) }
        if events.far { read(passage.far, into: &passage.back, now, &buffer) }
        return write(&passage.there, to: passage.far, now)
            && write(&passage.back, to: passage.near, now)
            && !(passage.there.isOver && passage.back.isOver)
    }

    private func read(
        _ socket: Int32, into pipe: inout StreamPipe, _ now: UInt64, _ buffer: inout [UInt8]
    ) {
        guard pipe.mayRead else { return }
        let count = unsafe recv(socket, &buffer, buffer.count, Int32(MSG_DONTWAIT))
        if count < 0, errno == EAGAIN || errno == EINTR { return }
        let part = Array(buffer.prefix(max(0, count)))
        state.withLock { pipe.append(part, now: now, &$0.table) }
    }

    /// False if the other end takes no more.
    private func write(_ pipe: inout StreamPipe, to socket: Int32, _ now: UInt64) -> Bool {
        while let due = pipe.nextDue, due <= now,
            let part = state.withLock({ pipe.ready(at: now, &$0.table) })
        {
            guard !part.isEmpty else {
                pipe.wrote(0)
                return shutdown(socket, Int32(SHUT_WR)) == 0
            }
            let flags = Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL)
            let count = unsafe part.withUnsafeBytes { bytes in
                unsafe send(socket, bytes.baseAddress, bytes.count, flags)
            }
            if count < 0 { return errno == EAGAIN || errno == EINTR }
            pipe.wrote(count)
        }
        return true
    }

    private func accept(_ listener: Int32, _ route: Route) -> Passage? {
        var address = sockaddr_in()
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let near = unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                unsafe Glibc.accept(listener, pointer, &size)
            }
        }
        guard near >= 0 else { return nil }
        _ = fcntl(near, F_SETFD, FD_CLOEXEC)
        let far = unsafe Self.socket(to: route.target) { unsafe connect($0, $1, $2) }
        guard let far else {
            // Nobody listens there; the other end is told so at once, as by the system.
            var reset = linger(l_onoff: 1, l_linger: 0)
            unsafe setsockopt(
                near, SOL_SOCKET, SO_LINGER, &reset, socklen_t(MemoryLayout<linger>.size))
            close(near)
            return nil
        }
        let processes = state.withLock(\.processes)
        let port = UInt16(bigEndian: address.sin_port)
        let host =
            SocketOwner.host(
                ofConnectionFrom: port, to: Self.port(of: listener), among: processes) ?? 0
        return Passage(
            near: near, far: far, there: StreamPipe(Link(from: host, to: route.node)),
            back: StreamPipe(Link(from: route.node, to: host)))
    }

    // MARK: - Sockets

    /// A socket after `body` was done with the address of a port of 127.0.0.1; nil if that fails.
    ///
    /// On loopback a connection stands at once, or there is nobody.
    private static func socket(
        to port: UInt16, _ body: (Int32, UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) -> Int32? {
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let descriptor = Glibc.socket(AF_INET, kind, 0)
        guard descriptor >= 0 else { return nil }
        var yes: Int32 = 1
        unsafe setsockopt(
            descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        unsafe setsockopt(
            descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &yes,
            socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        let code = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                unsafe body(descriptor, pointer, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        if code == 0 { return descriptor }
        let reason = errno
        close(descriptor)
        errno = reason
        return nil
    }

    private static func milliseconds() -> UInt64 {
        var time = timespec()
        let code = unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        precondition(code == 0, "clock_gettime: \(code)")
        return UInt64(time.tv_sec) * 1_000 + UInt64(time.tv_nsec) / 1_000_000
    }
}
