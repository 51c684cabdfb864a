// For Android Studio. Not run by this repository's own checks, which compile the same sources with pom.xml.
plugins {
    id("com.android.application") version "8.7.3"
    id("org.jetbrains.kotlin.android") version "2.4.21"
}

android {
    namespace = "dev.touchstone.example"
    compileSdk = 34

    defaultConfig {
        applicationId = "dev.touchstone.example"
        minSdk = 24
        targetSdk = 34
        versionCode = 1
        versionName = "1"
    }
    sourceSets["main"].kotlin.srcDir("src/main/kotlin")
}

dependencies {
    // From `cargo xtask aar --natives DIR --out repository`.
    implementation("dev.touchstone:touchstone-android:0.1.0")
}
