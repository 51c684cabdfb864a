import Foundation
import TouchstoneFFI

/// This phone's owner keys: one for each device, made when the device is first met, in the Secure Enclave where there is one.
///
/// A device is named by its ueid, 17 bytes. A device of which the key is lost can only be reset; so a key is removed by ``OwnerKeys/forget(ueid:)`` alone.
public final class OwnerKeys: OwnerKey, Sendable {
    /// Where a key was made.
    private enum Origin: UInt8 {
        case hardware = 1
        case software = 2
    }

    /// What the store keeps of a key: origin, the set-up in which credentials were sent under it, and the key in its maker's form.
    private struct Record {
        /// Bytes of the name of a set-up.
        private static let nameLength = 16

        var origin: Origin
        var sent: Data?
        var key: Data

        init(origin: Origin, key: Data) {
            self.origin = origin
            self.key = key
        }

        /// `origin || length of the name || name || key`; the length is 0 when nothing was sent.
        init(_ data: Data) throws {
            let (header, rest) = (data.prefix(2), data.dropFirst(2))
            guard let first = header.first, let origin = Origin(rawValue: first),
                let length = header.dropFirst().first.map(Int.init),
                [0, Self.nameLength].contains(length), rest.count > length
            else {
                throw OwnerKeysError.damaged
            }
            self.init(origin: origin, key: Data(rest.dropFirst(length)))
            sent = length == 0 ? nil : Data(rest.prefix(length))
        }

        var data: Data {
            let name = sent ?? Data()
            return Data([origin.rawValue, UInt8(name.count)]) + name + key
        }

        mutating func mark(_ setUp: Data?) throws {
            if let setUp, setUp.count != Self.nameLength { throw OwnerKeysError.damaged }
            sent = setUp
        }
    }

    private static let service = "dev.touchstone.owner"

    private let store: any SecretStore
    private let hardware: (any KeyMaker)?
    private let software: any KeyMaker
    /// Two attempts that meet the same device must not make two keys.
    private let lock = NSLock()

    /// Keys in `store`, made by `hardware`, or by `software` where there is none or it refuses.
    public init(store: any SecretStore, hardware: (any KeyMaker)?, software: any KeyMaker) {
        self.store = store
        self.hardware = hardware
        self.software = software
    }

    /// The public key for this device, made and kept if there is none: 65 bytes.
    public func publicKey(ueid: Data) throws -> Data {
        try locked {
            if let record = try read(ueid) {
                return try maker(of: record).publicKey(of: record.key)
            }
            let record = try makeKey()
            // Made durable before anyone can rely on it.
            try write(record, ueid)
            return try maker(of: record).publicKey(of: record.key)
        }
    }

    /// A signature with this device's key, in DER.
    public func sign(ueid: Data, payload: Data) throws -> Data {
        let record = try locked { try known(ueid) }
        return try maker(of: record).sign(payload, with: record.key)
    }

    /// Remembers durably in which set-up credentials may have gone to this device; `nil` when it is over. A name has 16 bytes.
    public func markSent(ueid: Data, setUp: Data?) throws {
        try locked {
            var record = try known(ueid)
            try record.mark(setUp)
            try write(record, ueid)
        }
    }

    /// The set-up in which credentials may have gone to this device, if it is not over.
    public func sent(ueid: Data) throws -> Data? {
        try locked { try read(ueid)?.sent }
    }

    /// Deletes this device's key.
    public func forget(ueid: Data) throws {
        try locked { try store.remove(service: Self.service, name: name(ueid)) }
    }

    private func makeKey() throws -> Record {
        if let hardware, let key = try? hardware.make() {
            return Record(origin: .hardware, key: key)
        }
        return Record(origin: .software, key: try software.make())
    }

    private func maker(of record: Record) throws -> any KeyMaker {
        switch record.origin {
        case .software:
            return software
        case .hardware:
            guard let hardware else { throw OwnerKeysError.hardwareGone }
            return hardware
        }
    }

    private func known(_ ueid: Data) throws -> Record {
        guard let record = try read(ueid) else { throw OwnerKeysError.unknownDevice }
        return record
    }

    private func read(_ ueid: Data) throws -> Record? {
        try store.read(service: Self.service, name: name(ueid)).map(Record.init)
    }

    private func write(_ record: Record, _ ueid: Data) throws {
        try store.write(record.data, service: Self.service, name: name(ueid))
    }

    private func name(_ ueid: Data) -> String {
        ueid.map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
    }

    private func locked<T>(_ body: () throws -> T) rethrows -> T {
        lock.lock()
        defer { lock.unlock() }
        return try body()
    }
}

/// Why an owner key cannot be used.
public enum OwnerKeysError: Error, Equatable {
    /// There is no key for this device.
    case unknownDevice
    /// The key is in an Enclave that this phone does not have.
    case hardwareGone
    /// What the store has kept, or was given to keep, has not the form of ours.
    case damaged
}

#if canImport(Security) && canImport(CryptoKit)
extension OwnerKeys {
    /// The keys of this phone: in the Secure Enclave where there is one, their records in the Keychain.
    public convenience init() {
        self.init(store: Keychain(), hardware: EnclaveKeys(), software: SoftwareKeys())
    }
}
#endif
