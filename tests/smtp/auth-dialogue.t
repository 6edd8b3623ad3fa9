# Mechanisms of several steps; the last word of one comes as a challenge, whose answer is empty.
options -A {folder}/auth
env SSL_PROTOCOL=TLSv1.2
env RELAYCLIENT=
auth
  hears AUTH LOGIN
  says + VXNlcm5hbWU6
  hears YWxpY2U=
  says + UGFzc3dvcmQ6
  hears d3Jvbmc=
  says NO failed
  hears AUTH PLAIN
  says +
  hears AGFsaWNlAHNlY3JldA==
  says NO failed some text
  hears AUTH SCRAM-SHA-256 biwsbj11c2VyLHI9ck9wck5HZndFYmVSV2diTkVrcU8=
  says + cj1yT3ByTkdmd0ViZVJXZ2JORWtxTyVodllEcFdVYTJSYVRDQWZ1eEZJbGopaE5sRiRrMCxzPVcyMlphSjBTTlk3c29Fc1VFamI2Z1E9PSxpPTQwOTY=
  hears Yz1iaXdzLHI9ck9wck5HZndFYmVSV2diTkVrcU8laHZZRHBXVWEyUmFUQ0FmdXhGSWxqKWhObEYkazAscD1kSHpiWmFwV0lrNGpVaE4rVXRlOXl0YWc5empmTUhnc3FtbWl6N0FuZFZRPQ==
  says + dj02cnJpVFJCaTIzV3BSUi93dHVwK21NaFVaVW4vZEI1bkxUSlJzamw5NUc0PQ==
  hears 
  says OK
  record AUTH_USER=user
  record
conf auth-delay 0
conf me mail.example.test
S~ 220 .*
C: EHLO client.example
S*12~ 250-.*
S: 250-AUTH SCRAM-SHA-256 PLAIN LOGIN
S: 250 HELP
C: AUTH LOGIN
S: 334 VXNlcm5hbWU6
C: YWxpY2U=
S: 334 UGFzc3dvcmQ6
C: d3Jvbmc=
S: 535 5.7.8 Authentication credentials invalid
C: AUTH PLAIN
S: 334 
C: AGFsaWNlAHNlY3JldA==
S: 535 5.7.8 Authentication credentials invalid
C: AUTH SCRAM-SHA-256 biwsbj11c2VyLHI9ck9wck5HZndFYmVSV2diTkVrcU8=
S: 334 cj1yT3ByTkdmd0ViZVJXZ2JORWtxTyVodllEcFdVYTJSYVRDQWZ1eEZJbGopaE5sRiRrMCxzPVcyMlphSjBTTlk3c29Fc1VFamI2Z1E9PSxpPTQwOTY=
C: Yz1iaXdzLHI9ck9wck5HZndFYmVSV2diTkVrcU8laHZZRHBXVWEyUmFUQ0FmdXhGSWxqKWhObEYkazAscD1kSHpiWmFwV0lrNGpVaE4rVXRlOXl0YWc5empmTUhnc3FtbWl6N0FuZFZRPQ==
S: 334 dj02cnJpVFJCaTIzV3BSUi93dHVwK21NaFVaVW4vZEI1bkxUSlJzamw5NUc0PQ==
C: 
S: 235 2.7.0 Authentication succeeded
C: QUIT
S~ 221 .*
closed
log event=auth method=LOGIN verdict=535 reason="Authentication credentials invalid"$
log event=auth method=SCRAM-SHA-256 user=user verdict=235$
