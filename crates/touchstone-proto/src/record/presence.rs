//! How a device is touched and how it responds.

/// How a person touched a device. The discriminant is also the bit in [`PresenceKinds`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum PressKind {
    /// A touch surface.
    Touch = 0,
    /// A button.
    Press = 1,
    /// Power switched off and on.
    PowerCycle = 2,
    /// A knock on the housing.
    Knock = 3,
    /// The device's own remote control.
    Remote = 4,
    /// A phone held against it.
    Nfc = 5,
}

impl PressKind {
    /// Every kind, in wire order.
    pub const ALL: [Self; 6] = [
        Self::Touch,
        Self::Press,
        Self::PowerCycle,
        Self::Knock,
        Self::Remote,
        Self::Nfc,
    ];

    /// The number on the wire.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Touch => 0,
            Self::Press => 1,
            Self::PowerCycle => 2,
            Self::Knock => 3,
            Self::Remote => 4,
            Self::Nfc => 5,
        }
    }
}

/// The ways a device can be touched: a set of [`PressKind`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct PresenceKinds(u8);

impl PresenceKinds {
    /// No way at all.
    pub const NONE: Self = Self(0);
    const KNOWN: u8 = 0x3f;

    /// The bits on the wire; bits that TS/1 does not know are dropped.
    #[must_use]
    pub const fn from_bits(bits: u8) -> Self {
        Self(bits & Self::KNOWN)
    }

    /// The bits on the wire.
    #[must_use]
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// The set with `kind` added.
    #[must_use]
    pub const fn with(self, kind: PressKind) -> Self {
        Self(self.0 | bit(kind))
    }

    /// Whether `kind` is in the set.
    #[must_use]
    pub const fn contains(self, kind: PressKind) -> bool {
        self.0 & bit(kind) != 0
    }
}

const fn bit(kind: PressKind) -> u8 {
    match kind {
        PressKind::Touch => 0x01,
        PressKind::Press => 0x02,
        PressKind::PowerCycle => 0x04,
        PressKind::Knock => 0x08,
        PressKind::Remote => 0x10,
        PressKind::Nfc => 0x20,
    }
}

/// One thing that a device can respond with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Actuator {
    /// Beeps.
    Sound = 0,
    /// Blinks.
    Light = 1,
    /// Vibrates.
    Vibration = 2,
}

impl Actuator {
    /// Every one, in wire order.
    pub const ALL: [Self; 3] = [Self::Sound, Self::Light, Self::Vibration];

    /// The number on the wire.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Sound => 0,
            Self::Light => 1,
            Self::Vibration => 2,
        }
    }
}

/// What a device can respond with: a set of [`Actuator`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Actuators {
    /// It can beep.
    pub sound: bool,
    /// It can blink.
    pub light: bool,
    /// It can vibrate.
    pub vibration: bool,
}

impl Actuators {
    /// From the bits on the wire; bits that TS/1 does not know are dropped.
    #[must_use]
    pub const fn from_bits(bits: u8) -> Self {
        Self {
            sound: bits & 0x01 != 0,
            light: bits & 0x02 != 0,
            vibration: bits & 0x04 != 0,
        }
    }

    /// The bits on the wire.
    #[must_use]
    pub const fn bits(self) -> u8 {
        (if self.sound { 0x01 } else { 0 })
            | (if self.light { 0x02 } else { 0 })
            | (if self.vibration { 0x04 } else { 0 })
    }

    /// Whether `actuator` is among them.
    #[must_use]
    pub const fn contains(self, actuator: Actuator) -> bool {
        match actuator {
            Actuator::Sound => self.sound,
            Actuator::Light => self.light,
            Actuator::Vibration => self.vibration,
        }
    }

    /// Whether the device can respond at all.
    #[must_use]
    pub const fn any(self) -> bool {
        self.sound || self.light || self.vibration
    }
}
