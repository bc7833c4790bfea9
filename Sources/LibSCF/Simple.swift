import Glibc
import IOCore
import Properties
import SCF

// scf_simple_prop_get(3SCF), scf_simple_app_props_get(3SCF), scf_simple_walk_instances(3SCF),
// scf_myname(3SCF)

/// A simple property as a C program holds it: texts and values that last as long as it.
@safe private final class HeldProperty {
    let property: SimpleProperty
    let name: UnsafeMutablePointer<CChar>
    let group: UnsafeMutablePointer<CChar>
    private let cells: [UnsafeMutableRawPointer]
    /// The value to give next.
    private var next = 0

    init(_ property: SimpleProperty) {
        self.property = property
        unsafe name = HeldProperty.text(Array(property.name.utf8))
        unsafe group = HeldProperty.text(Array(property.group.utf8))
        unsafe cells = property.values.map { unsafe HeldProperty.cell($0) }
    }

    deinit {
        unsafe name.deallocate()
        unsafe group.deallocate()
        unsafe cells.forEach { unsafe $0.deallocate() }
    }

    func reset() {
        next = 0
    }

    /// The value in turn, and its cell; nil at the end, `typeMismatch` for another type.
    ///
    /// All types of texts but `astring` itself are read as `ustring`, and no other way.
    func take(
        _ type: PropertyType
    ) throws(Failure) -> (value: PropertyValue, cell: UnsafeMutableRawPointer)? {
        let readAs = property.type.isKind(of: .ustring) ? PropertyType.ustring : property.type
        guard readAs == type else { throw .typeMismatch }
        guard next < property.values.count else { return nil }
        defer { next += 1 }
        return unsafe (property.values[next], cells[next])
    }

    private static func text(_ bytes: [UInt8]) -> UnsafeMutablePointer<CChar> {
        let text = UnsafeMutablePointer<CChar>.allocate(capacity: bytes.count + 1)
        for (place, byte) in bytes.enumerated() { unsafe text[place] = CChar(bitPattern: byte) }
        unsafe text[bytes.count] = 0
        return unsafe text
    }

    private static func cell(_ value: PropertyValue) -> UnsafeMutableRawPointer {
        switch value {
        case .boolean(let value): return unsafe cell(of: value ? UInt8(1) : 0)
        case .count(let value): return unsafe cell(of: value)
        case .integer(let value): return unsafe cell(of: value)
        case .time(let seconds, _): return unsafe cell(of: seconds)
        case .text(let bytes), .opaque(let bytes):
            return unsafe UnsafeMutableRawPointer(text(bytes))
        }
    }

    private static func cell<Number: BitwiseCopyable>(of number: Number) -> UnsafeMutableRawPointer
    {
        let cell = UnsafeMutablePointer<Number>.allocate(capacity: 1)
        unsafe cell.initialize(to: number)
        return UnsafeMutableRawPointer(cell)
    }
}

/// All application properties of an instance as a C program holds them.
private final class HeldProperties {
    let all: [HeldProperty]

    init(_ all: [SimpleProperty]) {
        self.all = all.map { HeldProperty($0) }
    }
}

/// What the simple interface has read, at `pointer`; `notSet` for NULL.
private func simple<Held: AnyObject>(
    _ pointer: ObjectPointer?, _ kind: Held.Type = Held.self
) throws(Failure) -> Held {
    guard let found = try unsafe optional(pointer, kind) else { throw .notSet }
    return found
}

/// Runs `body` with the handle that is given, else with one that is bound for it.
private func withHandle<Result>(
    _ given: ObjectPointer?, _ body: (Handle) throws(Failure) -> Result
) throws(Failure) -> Result {
    if let given = try unsafe optional(given, Handle.self) { return try body(given) }
    let handle = try makeHandle(version: Handle.version)
    try handle.bind(environment: trustedEnvironment)
    defer { handle.destroy() }
    return try body(handle)
}

/// The FMRI that is given, else the program's own.
private func subject(_ given: Text?, _ handle: Handle) throws(Failure) -> String {
    if unsafe given != nil { return try unsafe text(given) }
    return try handle.ownName(environment: trustedEnvironment)
}

@c(scf_myname) public func scfMyName(
    _ handle: ObjectPointer?, _ buffer: UnsafeMutablePointer<CChar>?, _ size: Int
) -> Int {
    answer { () throws(Failure) in
        let name = try unsafe object(handle, Handle.self).ownName(environment: trustedEnvironment)
        return unsafe copy(name, to: buffer, size)
    }
}

@c(scf_simple_walk_instances) public func scfSimpleWalkInstances(
    _ states: CUnsignedInt, _ context: UnsafeMutableRawPointer?,
    _ callback: (
        @convention(c) (ObjectPointer?, ObjectPointer?, UnsafeMutableRawPointer?) -> CInt
    )?
) -> CInt {
    perform { () throws(Failure) in
        guard let callback = unsafe callback else { throw .invalidArgument }
        try withHandle(nil) { (handle) throws(Failure) in
            let pointer = unsafe Unmanaged.passUnretained(handle).toOpaque()
            try handle.walkInstances(in: InstanceStates(rawValue: states)) { instance in
                let shown = unsafe Unmanaged.passUnretained(instance).toOpaque()
                return unsafe callback(pointer, shown, context) == 0
            }
        }
    }
}

// MARK: - One property

@c(scf_simple_prop_get) public func scfSimplePropGet(
    _ handle: ObjectPointer?, _ instance: Text?, _ group: Text?, _ name: Text?
) -> ObjectPointer? {
    unsafe make { () throws(Failure) in
        let wanted = try unsafe text(name)
        let group = unsafe group == nil ? SimpleProperty.standardGroup : try unsafe text(group)
        return try unsafe withHandle(handle) { (handle) throws(Failure) in
            HeldProperty(
                try handle.simpleProperty(
                    wanted, of: unsafe subject(instance, handle), group: group))
        }
    }
}

@c(scf_simple_prop_free) public func scfSimplePropFree(_ property: ObjectPointer?) {
    unsafe release(property)
}

@c(scf_simple_prop_numvalues) public func scfSimplePropNumvalues(
    _ property: ObjectPointer?
) -> Int {
    answer { () throws(Failure) in
        try unsafe simple(property, HeldProperty.self).property.values.count
    }
}

@c(scf_simple_prop_type) public func scfSimplePropType(_ property: ObjectPointer?) -> CInt {
    answer { () throws(Failure) in
        number(try unsafe simple(property, HeldProperty.self).property.type)
    }
}

@c(scf_simple_prop_name) public func scfSimplePropName(
    _ property: ObjectPointer?
) -> UnsafeMutablePointer<CChar>? {
    guard let held = unsafe heldProperty(property) else { return nil }
    return unsafe held.name
}

@c(scf_simple_prop_pgname) public func scfSimplePropPGName(
    _ property: ObjectPointer?
) -> UnsafeMutablePointer<CChar>? {
    guard let held = unsafe heldProperty(property) else { return nil }
    return unsafe held.group
}

@c(scf_simple_prop_next_reset) public func scfSimplePropNextReset(_ property: ObjectPointer?) {
    guard unsafe property != nil else { return }
    unsafe heldProperty(property)?.reset()
}

private func heldProperty(_ pointer: ObjectPointer?) -> HeldProperty? {
    do throws(Failure) {
        return try unsafe simple(pointer, HeldProperty.self)
    } catch {
        LastError.set(error)
        return nil
    }
}

/// The next value of a property of `type`; nil at its end, where no error is told, and where it fails.
private func next(
    _ pointer: ObjectPointer?, _ type: PropertyType
) -> (value: PropertyValue, cell: UnsafeMutableRawPointer)? {
    do throws(Failure) {
        if let found = try unsafe simple(pointer, HeldProperty.self).take(type) {
            return unsafe found
        }
        LastError.clear()
        return nil
    } catch {
        LastError.set(error)
        return nil
    }
}

@c(scf_simple_prop_next_boolean) public func scfSimplePropNextBoolean(
    _ property: ObjectPointer?
) -> UnsafeMutablePointer<UInt8>? {
    unsafe next(property, .boolean)?.cell.assumingMemoryBound(to: UInt8.self)
}

@c(scf_simple_prop_next_count) public func scfSimplePropNextCount(
    _ property: ObjectPointer?
) -> UnsafeMutablePointer<UInt64>? {
    unsafe next(property, .count)?.cell.assumingMemoryBound(to: UInt64.self)
}

@c(scf_simple_prop_next_integer) public func scfSimplePropNextInteger(
    _ property: ObjectPointer?
) -> UnsafeMutablePointer<Int64>? {
    unsafe next(property, .integer)?.cell.assumingMemoryBound(to: Int64.self)
}

@c(scf_simple_prop_next_time) public func scfSimplePropNextTime(
    _ property: ObjectPointer?, _ nanoseconds: UnsafeMutablePointer<Int32>?
) -> UnsafeMutablePointer<Int64>? {
    guard let found = unsafe next(property, .time) else { return nil }
    if case .time(_, let part) = unsafe found.value, let nanoseconds = unsafe nanoseconds {
        unsafe nanoseconds.pointee = Int32(bitPattern: part)
    }
    return unsafe found.cell.assumingMemoryBound(to: Int64.self)
}

@c(scf_simple_prop_next_astring) public func scfSimplePropNextAstring(
    _ property: ObjectPointer?
) -> UnsafeMutablePointer<CChar>? {
    unsafe next(property, .astring)?.cell.assumingMemoryBound(to: CChar.self)
}

@c(scf_simple_prop_next_ustring) public func scfSimplePropNextUstring(
    _ property: ObjectPointer?
) -> UnsafeMutablePointer<CChar>? {
    unsafe next(property, .ustring)?.cell.assumingMemoryBound(to: CChar.self)
}

@c(scf_simple_prop_next_opaque) public func scfSimplePropNextOpaque(
    _ property: ObjectPointer?, _ size: UnsafeMutablePointer<Int>?
) -> UnsafeMutableRawPointer? {
    let found = unsafe next(property, .opaque)
    if let size = unsafe size { unsafe size.pointee = found?.value.text.count ?? 0 }
    return unsafe found?.cell
}

// MARK: - All of an application

@c(scf_simple_app_props_get) public func scfSimpleAppPropsGet(
    _ handle: ObjectPointer?, _ instance: Text?
) -> ObjectPointer? {
    unsafe make { () throws(Failure) in
        try unsafe withHandle(handle) { (handle) throws(Failure) in
            HeldProperties(
                try handle.simpleProperties(of: unsafe subject(instance, handle)))
        }
    }
}

@c(scf_simple_app_props_free) public func scfSimpleAppPropsFree(_ properties: ObjectPointer?) {
    unsafe release(properties)
}

/// Answers one of `properties`, which owns it; nil where there is none, and where that fails.
private func find(
    _ properties: ObjectPointer?, _ body: ([HeldProperty]) throws(Failure) -> HeldProperty?
) -> UnsafeRawPointer? {
    do throws(Failure) {
        let all = try unsafe simple(properties, HeldProperties.self).all
        guard let found = try body(all) else {
            LastError.clear()
            return nil
        }
        return unsafe UnsafeRawPointer(Unmanaged.passUnretained(found).toOpaque())
    } catch {
        LastError.set(error)
        return nil
    }
}

@c(scf_simple_app_props_next) public func scfSimpleAppPropsNext(
    _ properties: ObjectPointer?, _ last: ObjectPointer?
) -> UnsafeRawPointer? {
    unsafe find(properties) { (all) throws(Failure) in
        guard let last = try unsafe optional(last, HeldProperty.self) else { return all.first }
        guard let place = all.firstIndex(where: { $0 === last }) else { throw .invalidArgument }
        return place + 1 < all.count ? all[place + 1] : nil
    }
}

@c(scf_simple_app_props_search) public func scfSimpleAppPropsSearch(
    _ properties: ObjectPointer?, _ group: Text?, _ name: Text?
) -> UnsafeRawPointer? {
    unsafe find(properties) { (all) throws(Failure) in
        guard unsafe name != nil else { throw .notSet }
        let wanted = try unsafe text(name)
        let group = unsafe group == nil ? SimpleProperty.standardGroup : try unsafe text(group)
        guard
            let found = all.first(where: {
                $0.property.group == group && $0.property.name == wanted
            })
        else { throw .notFound }
        return found
    }
}
