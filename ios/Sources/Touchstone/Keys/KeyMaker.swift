import Foundation

/// Makes and uses P-256 keys; where they live is its own business.
public protocol KeyMaker: Sendable {
    /// A new key in a form that ``KeyMaker/publicKey(of:)`` and ``KeyMaker/sign(_:with:)`` take back. The form of a key in hardware is of no use elsewhere.
    func make() throws -> Data
    /// The public point, uncompressed: 65 bytes that begin with 4.
    func publicKey(of key: Data) throws -> Data
    /// ECDSA over the SHA-256 of `message`, in DER.
    func sign(_ message: Data, with key: Data) throws -> Data
}

#if canImport(CryptoKit)
import CryptoKit

/// Keys that never leave the Secure Enclave.
public struct EnclaveKeys: KeyMaker {
    /// The Enclave, or `nil` where there is none, as in the Simulator.
    public init?() {
        guard SecureEnclave.isAvailable else { return nil }
    }

    public func make() throws -> Data {
        try SecureEnclave.P256.Signing.PrivateKey().dataRepresentation
    }

    public func publicKey(of key: Data) throws -> Data {
        try SecureEnclave.P256.Signing.PrivateKey(dataRepresentation: key).publicKey.x963Representation
    }

    public func sign(_ message: Data, with key: Data) throws -> Data {
        try SecureEnclave.P256.Signing.PrivateKey(dataRepresentation: key).signature(for: message).derRepresentation
    }
}

/// Keys in software, for phones without an Enclave; the Keychain protects them.
public struct SoftwareKeys: KeyMaker {
    /// Keys in software.
    public init() {}

    public func make() throws -> Data {
        P256.Signing.PrivateKey().rawRepresentation
    }

    public func publicKey(of key: Data) throws -> Data {
        try P256.Signing.PrivateKey(rawRepresentation: key).publicKey.x963Representation
    }

    public func sign(_ message: Data, with key: Data) throws -> Data {
        try P256.Signing.PrivateKey(rawRepresentation: key).signature(for: message).derRepresentation
    }
}
#endif
