namespace Quota.Silo.Protocols.Native;

/// <summary>What is wrong with a request on the wire, before any limit is looked at.</summary>
/// <param name="Field">The field's name in the .proto file; <c>request</c> for the whole.</param>
/// <param name="Message">What is wrong, to follow the name and a colon.</param>
public readonly record struct RequestError(string Field, string Message)
{
    /// <summary>Bytes that are not protobuf.</summary>
    public static RequestError Malformed(string what) => new("request", $"malformed protobuf: {what}");

    /// <summary>A text field that is not UTF-8.</summary>
    public static RequestError NotUtf8(string field) => new(field, "must be valid UTF-8");
}
