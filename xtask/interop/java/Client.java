import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Optional;
import software.amazon.awssdk.auth.credentials.DefaultCredentialsProvider;
import software.amazon.awssdk.auth.credentials.ProfileCredentialsProvider;
import software.amazon.awssdk.auth.token.credentials.ProfileTokenProvider;
import software.amazon.awssdk.core.util.VersionInfo;
import software.amazon.awssdk.profiles.Profile;
import software.amazon.awssdk.profiles.ProfileFile;

/**
 * The AWS SDK for Java 2.x, asked for one thing: {@code Client version | credentials PROFILE |
 * token PROFILE | watch}. Prints one line of JSON: what it got, or {"error": ...} with exit code 1.
 * {@code watch} prints a line for the credentials of the default chain every half second.
 * And {@code Client configs} for its reader of config files.
 */
public final class Client {
    public static void main(String[] arguments) throws IOException {
        if (arguments[0].equals("configs")) {
            configs();
            return;
        }
        try {
            System.out.println(act(arguments));
        } catch (Exception error) {
            System.out.println(object("error", chain(error)));
            System.exit(1);
        }
    }

    private static String act(String[] arguments) throws InterruptedException {
        switch (arguments[0]) {
            case "version":
                return object("version", "AWS SDK for Java " + VersionInfo.SDK_VERSION
                        + " (Java " + System.getProperty("java.version") + ")");
            case "credentials":
                try (ProfileCredentialsProvider provider = ProfileCredentialsProvider.create(arguments[1])) {
                    return object("access_key_id", provider.resolveCredentials().accessKeyId());
                }
            case "token":
                try (ProfileTokenProvider provider = ProfileTokenProvider.create(arguments[1])) {
                    return object("access_token", provider.resolveToken().token());
                }
            case "watch":
                return watch();
            default:
                throw new IllegalArgumentException("not understood: " + arguments[0]);
        }
    }

    /**
     * Answers each line of standard input, a directory and a profile, with what the SDK reads from the
     * files {@code config} and {@code credentials} there: a line of values, or "error".
     */
    private static void configs() throws IOException {
        BufferedReader input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = input.readLine(); line != null; line = input.readLine()) {
            String[] words = line.split("\t");
            String values;
            try {
                values = values(Path.of(words[0]), words[1]);
            } catch (RuntimeException error) {
                values = "error";
            }
            byte[] answer = (values.replace("\n", "\\n") + "\n").getBytes(StandardCharsets.UTF_8);
            System.out.write(answer);
        }
    }

    private static String values(Path directory, String name) {
        ProfileFile files = ProfileFile.aggregator()
                .addFile(file(directory.resolve("credentials"), ProfileFile.Type.CREDENTIALS))
                .addFile(file(directory.resolve("config"), ProfileFile.Type.CONFIGURATION))
                .build();
        Profile profile = files.profile(name).orElseThrow();
        Optional<String> session = profile.property("sso_session");
        Profile login = session.flatMap(it -> files.getSection("sso-session", it)).orElse(profile);
        return String.join("\t", session.orElse(""), value(profile, "sso_account_id"),
                value(profile, "sso_role_name"), value(profile, "region"),
                value(login, "sso_start_url"), value(login, "sso_region"));
    }

    private static ProfileFile file(Path path, ProfileFile.Type type) {
        return ProfileFile.builder().content(path).type(type).build();
    }

    private static String value(Profile profile, String key) {
        return profile.property(key).orElse("");
    }

    private static String watch() throws InterruptedException {
        try (DefaultCredentialsProvider provider = DefaultCredentialsProvider.builder().build()) {
            while (true) {
                try {
                    System.out.println(object("access_key_id", provider.resolveCredentials().accessKeyId()));
                } catch (RuntimeException error) {
                    System.out.println(object("error", chain(error)));
                }
                Thread.sleep(500);
            }
        }
    }

    /** The error and what caused it: the outermost alone often says nothing. */
    private static String chain(Throwable error) {
        StringBuilder text = new StringBuilder();
        for (Throwable one = error; one != null; one = one.getCause()) {
            String message = one.getClass().getSimpleName() + ": " + one.getMessage();
            if (text.indexOf(message) < 0) {
                text.append(text.length() == 0 ? "" : " <- ").append(message);
            }
        }
        return text.toString();
    }

    private static String object(String key, String value) {
        String quoted = value.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", " ").replace("\t", " ");
        return "{\"" + key + "\": \"" + quoted + "\"}";
    }
}
