/** A self-signed certificate of localhost, and its key. It protects nothing: tests expect that it is refused. */
export const SELF_SIGNED = {
  cert: `-----BEGIN CERTIFICATE-----
MIIBmzCCAUGgAwIBAgIUGtlLcIPYRtU++jWrjc06NPgBgq0wCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMjIxMTYzNloYDzIxMjYxMDI5
MjExNjM2WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAAR9z45oQJrSMoD0RXPP6D7CxDxiLOzPPzkPJu17Zzb7LlviitkXyllj
4pxPQVoq9RjgLIWiRxhDcvXRxoySwE1ro28wbTAdBgNVHQ4EFgQUonlBeFh+8sxm
inkzrA/zxlZmNZwwHwYDVR0jBBgwFoAUonlBeFh+8sxminkzrA/zxlZmNZwwDwYD
VR0TAQH/BAUwAwEB/zAaBgNVHREEEzARgglsb2NhbGhvc3SHBH8AAAEwCgYIKoZI
zj0EAwIDSAAwRQIhAMINigN/Zu4pN7rlJWu+JypYgNTbNPN3iauXe9yxkjDLAiBe
uNbAuZkpwYVWo4j2v6hkZH4C8nztOKqxUBWWhW28Vw==
-----END CERTIFICATE-----`,
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgLF+gtfnqjEwxKzrJ
AOcckn5h+Wxvdb7R0L6NSDzUV3qhRANCAAR9z45oQJrSMoD0RXPP6D7CxDxiLOzP
PzkPJu17Zzb7LlviitkXyllj4pxPQVoq9RjgLIWiRxhDcvXRxoySwE1r
-----END PRIVATE KEY-----`,
};
