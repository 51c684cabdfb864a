//! What an AAR adds to an app.

use std::{collections::BTreeSet, fmt};

use anyhow::{Context, anyhow};
use cafebabe::{
    ClassFile,
    constant_pool::{ConstantPoolItem, NameAndType},
};

use super::{Entries, unpack};

/// In bytes, and in methods as Android counts them: an app has at most 65,536 in one file of classes.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Weight {
    aar: usize,
    classes: usize,
    natives: usize,
    /// Methods that are declared here.
    declared: usize,
    /// These, and every method of somebody else's that is called.
    named: usize,
}

impl Weight {
    /// # Errors
    /// When a class cannot be read.
    pub(crate) fn of(aar: &[u8]) -> anyhow::Result<Self> {
        let entries = unpack(aar)?;
        let classes = entries.get("classes.jar").context("an AAR has classes")?;
        let natives = entries.iter().filter(|(name, _)| name.starts_with("jni/"));
        let (declared, named) = methods(&unpack(classes)?)?;
        Ok(Self {
            aar: aar.len(),
            classes: classes.len(),
            natives: natives.map(|(_, library)| library.len()).sum(),
            declared,
            named,
        })
    }
}

impl fmt::Display for Weight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} bytes; classes.jar {}; native libraries {} unpacked; {} methods declared, {} named",
            self.aar, self.classes, self.natives, self.declared, self.named
        )
    }
}

/// How many methods are declared, and how many are declared or called.
fn methods(classes: &Entries) -> anyhow::Result<(usize, usize)> {
    let mut named = BTreeSet::new();
    let mut declared = 0;
    for (name, content) in classes {
        if !name.ends_with(".class") {
            continue;
        }
        let class = cafebabe::parse_class(content).map_err(|error| anyhow!("{name}: {error}"))?;
        declared += class.methods.len();
        named.extend(names(&class));
    }
    Ok((declared, named.len()))
}

/// Class, name and descriptor of each method that a class declares or calls.
fn names<'a>(class: &'a ClassFile<'a>) -> Vec<[String; 3]> {
    let own = class.methods.iter().map(|method| {
        [
            class.this_class.to_string(),
            method.name.to_string(),
            method.descriptor.to_string(),
        ]
    });
    let called = class.constantpool_iter().filter_map(|item| match item {
        ConstantPoolItem::MethodRef(method) | ConstantPoolItem::InterfaceMethodRef(method) => {
            let NameAndType { name, descriptor } = method.name_and_type;
            Some([
                method.class_name.into_owned(),
                name.into_owned(),
                descriptor.into_owned(),
            ])
        }
        _ => None,
    });
    own.chain(called).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A class file of one method, which calls one of another class.
    fn class() -> Vec<u8> {
        let mut bytes = vec![0xca, 0xfe, 0xba, 0xbe, 0, 0, 0, 52, 0, 12];
        let utf8 = |bytes: &mut Vec<u8>, text: &str| {
            bytes.extend([1, 0, u8::try_from(text.len()).unwrap()]);
            bytes.extend(text.as_bytes());
        };
        utf8(&mut bytes, "a/Own"); // 1
        bytes.extend([7, 0, 1]); // 2: the class
        utf8(&mut bytes, "java/lang/Object"); // 3
        bytes.extend([7, 0, 3]); // 4: the class above it
        utf8(&mut bytes, "run"); // 5
        utf8(&mut bytes, "()V"); // 6
        bytes.extend([12, 0, 5, 0, 6]); // 7
        bytes.extend([10, 0, 4, 0, 7]); // 8: run of Object
        bytes.extend([10, 0, 2, 0, 7]); // 9: run of its own
        utf8(&mut bytes, "toString"); // 10
        utf8(&mut bytes, "()I"); // 11
        // Public and abstract; no interfaces, no fields, one abstract method, no attributes.
        bytes.extend([0x04, 0x01, 0, 2, 0, 4, 0, 0, 0, 0, 0, 1]);
        bytes.extend([0x04, 0x01, 0, 5, 0, 6, 0, 0, 0, 0]);
        bytes
    }

    #[test]
    fn a_method_that_is_declared_and_called_counts_once() {
        let classes = Entries::from([
            ("a/Own.class".to_owned(), class()),
            ("META-INF/a.kotlin_module".to_owned(), vec![1]),
        ]);
        assert_eq!(methods(&classes).unwrap(), (1, 2));
        let broken = Entries::from([("a/Own.class".to_owned(), vec![0; 9])]);
        assert!(methods(&broken).is_err());
    }
}
