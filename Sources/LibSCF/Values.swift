import Properties
import SCF

// scf_value_create(3SCF), scf_type_to_string(3SCF)

/// A type's number; nil for `SCF_TYPE_INVALID` and for numbers of no type.
func type(_ number: CInt) -> PropertyType? {
    UInt16(exactly: number).flatMap(PropertyType.init(rawValue:))
}

/// The number of a type; 0 for none.
func number(_ type: PropertyType?) -> CInt {
    CInt(type?.rawValue ?? 0)
}

@c(scf_type_base_type) public func scfTypeBaseType(
    _ subject: CInt, _ base: UnsafeMutablePointer<CInt>?
) -> CInt {
    perform { () throws(Failure) in
        guard let subject = type(subject) else { throw .invalidArgument }
        unsafe store(number(subject.parent ?? subject), in: base)
    }
}

/// The names of types, as texts that last.
private func name(_ type: PropertyType?) -> StaticString {
    switch type {
    case .boolean: "boolean"
    case .count: "count"
    case .integer: "integer"
    case .time: "time"
    case .astring: "astring"
    case .opaque: "opaque"
    case .ustring: "ustring"
    case .uri: "uri"
    case .fmri: "fmri"
    case .host: "host"
    case .hostname: "hostname"
    case .netAddressV4: "net_address_v4"
    case .netAddressV6: "net_address_v6"
    case .netAddress: "net_address"
    case nil: "unknown"
    }
}

@c(scf_type_to_string) public func scfTypeToString(_ subject: CInt) -> Text? {
    let text = name(type(subject))
    return unsafe UnsafeRawPointer(text.utf8Start).assumingMemoryBound(to: CChar.self)
}

@c(scf_string_to_type) public func scfStringToType(_ name: Text?) -> CInt {
    guard let name = try? unsafe text(name) else { return 0 }
    return number(PropertyType(name: name))
}

@c(scf_value_create) public func scfValueCreate(_ handle: ObjectPointer?) -> ObjectPointer? {
    unsafe make { () throws(Failure) in Value(try unsafe parent(handle)) }
}

@c(scf_value_handle) public func scfValueHandle(_ value: ObjectPointer?) -> ObjectPointer? {
    unsafe handlePointer(value)
}

@c(scf_value_destroy) public func scfValueDestroy(_ value: ObjectPointer?) {
    if let found = try? unsafe object(value, Value.self) {
        found.reset()
        unsafe release(value)
    }
}

@c(scf_value_reset) public func scfValueReset(_ value: ObjectPointer?) {
    if let found = try? unsafe object(value, Value.self) { found.reset() }
}

@c(scf_value_type) public func scfValueType(_ value: ObjectPointer?) -> CInt {
    number(try? unsafe object(value, Value.self).type)
}

@c(scf_value_base_type) public func scfValueBaseType(_ value: ObjectPointer?) -> CInt {
    number((try? unsafe object(value, Value.self).type)?.root)
}

@c(scf_value_is_type) public func scfValueIsType(
    _ value: ObjectPointer?, _ wanted: CInt
) -> CInt {
    perform { () throws(Failure) in
        try unsafe object(value, Value.self).requireType(type(wanted))
    }
}

// MARK: - Getting

@c(scf_value_get_boolean) public func scfValueGetBoolean(
    _ value: ObjectPointer?, _ result: UnsafeMutablePointer<UInt8>?
) -> CInt {
    perform { () throws(Failure) in
        guard case .boolean(let held) = try unsafe object(value, Value.self).get(as: .boolean)
        else {
            throw .internal
        }
        unsafe store(held ? 1 : 0, in: result)
    }
}

@c(scf_value_get_count) public func scfValueGetCount(
    _ value: ObjectPointer?, _ result: UnsafeMutablePointer<UInt64>?
) -> CInt {
    perform { () throws(Failure) in
        guard case .count(let held) = try unsafe object(value, Value.self).get(as: .count) else {
            throw .internal
        }
        unsafe store(held, in: result)
    }
}

@c(scf_value_get_integer) public func scfValueGetInteger(
    _ value: ObjectPointer?, _ result: UnsafeMutablePointer<Int64>?
) -> CInt {
    perform { () throws(Failure) in
        guard case .integer(let held) = try unsafe object(value, Value.self).get(as: .integer)
        else {
            throw .internal
        }
        unsafe store(held, in: result)
    }
}

@c(scf_value_get_time) public func scfValueGetTime(
    _ value: ObjectPointer?, _ seconds: UnsafeMutablePointer<Int64>?,
    _ nanoseconds: UnsafeMutablePointer<Int32>?
) -> CInt {
    perform { () throws(Failure) in
        guard case .time(let whole, let rest) = try unsafe object(value, Value.self).get(as: .time)
        else { throw .internal }
        unsafe store(whole, in: seconds)
        unsafe store(Int32(rest), in: nanoseconds)
    }
}

@c(scf_value_get_astring) public func scfValueGetAstring(
    _ value: ObjectPointer?, _ buffer: UnsafeMutablePointer<CChar>?, _ size: Int
) -> Int {
    answer { () throws(Failure) in
        unsafe copy(try object(value, Value.self).get(as: .astring).text, to: buffer, size)
    }
}

@c(scf_value_get_ustring) public func scfValueGetUstring(
    _ value: ObjectPointer?, _ buffer: UnsafeMutablePointer<CChar>?, _ size: Int
) -> Int {
    answer { () throws(Failure) in
        unsafe copy(try object(value, Value.self).get(as: .ustring).text, to: buffer, size)
    }
}

@c(scf_value_get_opaque) public func scfValueGetOpaque(
    _ value: ObjectPointer?, _ buffer: UnsafeMutableRawPointer?, _ size: Int
) -> Int {
    answer { () throws(Failure) in
        let held = try unsafe object(value, Value.self).get(as: .opaque).text
        let size = room(size)
        guard size > 0, let buffer = unsafe buffer else { return 0 }
        let taken = min(held.count, size)
        unsafe buffer.copyMemory(from: held, byteCount: taken)
        return taken
    }
}

@c(scf_value_get_as_string) public func scfValueGetAsString(
    _ value: ObjectPointer?, _ buffer: UnsafeMutablePointer<CChar>?, _ size: Int
) -> Int {
    answer { () throws(Failure) in
        unsafe copy(try object(value, Value.self).string(), to: buffer, size)
    }
}

@c(scf_value_get_as_string_typed) public func scfValueGetAsStringTyped(
    _ value: ObjectPointer?, _ wanted: CInt, _ buffer: UnsafeMutablePointer<CChar>?, _ size: Int
) -> Int {
    answer { () throws(Failure) in
        unsafe copy(try object(value, Value.self).string(as: type(wanted)), to: buffer, size)
    }
}

// MARK: - Setting

/// Sets what cannot be wrong; a NULL value is left alone.
private func set(_ value: ObjectPointer?, _ held: PropertyValue, _ type: PropertyType) {
    _ = perform { () throws(Failure) in
        try unsafe object(value, Value.self).set(held, type: type)
    }
}

/// Sets a text; nothing is held after NULL.
private func set(
    _ value: ObjectPointer?, text: Text?, type: PropertyType
) throws(Failure) {
    let target = try unsafe object(value, Value.self)
    target.reset()
    try target.set(.text(unsafe bytes(text)), type: type)
}

@c(scf_value_set_boolean) public func scfValueSetBoolean(_ value: ObjectPointer?, _ held: UInt8) {
    unsafe set(value, .boolean(held != 0), .boolean)
}

@c(scf_value_set_count) public func scfValueSetCount(_ value: ObjectPointer?, _ held: UInt64) {
    unsafe set(value, .count(held), .count)
}

@c(scf_value_set_integer) public func scfValueSetInteger(_ value: ObjectPointer?, _ held: Int64) {
    unsafe set(value, .integer(held), .integer)
}

@c(scf_value_set_time) public func scfValueSetTime(
    _ value: ObjectPointer?, _ seconds: Int64, _ nanoseconds: Int32
) -> CInt {
    perform { () throws(Failure) in
        // A negative number becomes one that no time has.
        let held = PropertyValue.time(
            seconds: seconds, nanoseconds: UInt32(bitPattern: nanoseconds))
        try unsafe object(value, Value.self).set(held, type: .time)
    }
}

@c(scf_value_set_astring) public func scfValueSetAstring(
    _ value: ObjectPointer?, _ held: Text?
) -> CInt {
    perform { () throws(Failure) in
        try unsafe set(value, text: held, type: .astring)
    }
}

@c(scf_value_set_ustring) public func scfValueSetUstring(
    _ value: ObjectPointer?, _ held: Text?
) -> CInt {
    perform { () throws(Failure) in
        try unsafe set(value, text: held, type: .ustring)
    }
}

@c(scf_value_set_opaque) public func scfValueSetOpaque(
    _ value: ObjectPointer?, _ held: UnsafeRawPointer?, _ size: Int
) -> CInt {
    perform { () throws(Failure) in
        let target = try unsafe object(value, Value.self)
        guard unsafe size == 0 || held != nil, (0...PropertyValue.opaqueBytes).contains(size) else {
            target.reset()
            throw .invalidArgument
        }
        let bytes = unsafe UnsafeRawBufferPointer(start: held, count: size).map { $0 }
        try target.set(.opaque(bytes), type: .opaque)
    }
}

@c(scf_value_set_from_string) public func scfValueSetFromString(
    _ value: ObjectPointer?, _ wanted: CInt, _ form: Text?
) -> CInt {
    perform { () throws(Failure) in
        let target = try unsafe object(value, Value.self)
        target.reset()
        try target.set(fromString: unsafe bytes(form), type: type(wanted))
    }
}
