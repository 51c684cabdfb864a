// For Android Studio. Not run by this repository's own checks, which build the same sources with pom.xml: Gradle's plugins for Android come from a
// registry that not every machine reaches. Versions are those of pom.xml.
plugins {
    id("com.android.library") version "8.7.3"
    id("org.jetbrains.kotlin.android") version "2.4.21"
}

android {
    namespace = "dev.touchstone"
    compileSdk = 34

    defaultConfig {
        minSdk = 24
        consumerProguardFiles("consumer-rules.pro")
    }
    sourceSets["main"].apply {
        kotlin.srcDirs("src/main/kotlin", "../bindings/kotlin")
        // The Java half of btleplug ships in its crate: -PbtleplugJava=<crate>/src/droidplug/java/src/main/java
        providers.gradleProperty("btleplugJava").orNull?.let { java.srcDir(it) }
        // What `cargo ndk -o` writes.
        jniLibs.srcDir("../target/jniLibs")
    }
    sourceSets["test"].kotlin.srcDir("../bindings/simulator/kotlin")
}

kotlin {
    explicitApiWarning()
    compilerOptions {
        jvmTarget.set(org.jetbrains.kotlin.gradle.dsl.JvmTarget.JVM_1_8)
    }
}

dependencies {
    api("org.jetbrains.kotlinx:kotlinx-coroutines-core:1.11.0")
    implementation("net.java.dev.jna:jna:5.19.1@aar")
    testImplementation("net.java.dev.jna:jna:5.19.1")
    testImplementation("org.jetbrains.kotlin:kotlin-test-junit5:2.4.21")
    testImplementation("org.junit.jupiter:junit-jupiter:6.1.3")
}
